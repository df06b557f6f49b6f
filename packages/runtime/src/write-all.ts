import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import { drained } from "./drained.ts";

type Call = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/**
 * Writes each response, and waits where the caller reads slower than we answer. Ends early when the signal aborts: a handler
 * that waits for something then must end by itself.
 */
export async function writeAll(call: Call, responses: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  for await (const response of responses) {
    if (signal.aborted) return;
    if (!call.write(response)) await drained(call, signal);
  }
}

import type { ServiceError } from "@ocellus/runtime/service-error.ts";
import type { HttpRequest } from "./node-http.ts";

/** The largest body that is read. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** What was received of a body, for who looks at it although it was refused. */
export interface ReceivedBody {
  /** Undefined while nothing was read. */
  bytes?: Uint8Array;
  /** How many bytes the whole body has, as far as that is known. */
  size?: number;
}

/**
 * The bytes of a body. Throws what `tooLarge` makes of the first bytes as soon as there are more than `maxBytes`.
 *
 * @param received is told what was read in either case
 */
export async function readBody(
  request: HttpRequest,
  maxBytes: number,
  tooLarge: (start: Uint8Array) => ServiceError,
  received: ReceivedBody = {},
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  const read = () => (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size));
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) {
      received.bytes = read();
      received.size = Math.max(size, Number(request.headers["content-length"]) || 0);
      throw tooLarge(chunks[0]!);
    }
  }
  received.bytes = read();
  received.size = size;
  return received.bytes;
}

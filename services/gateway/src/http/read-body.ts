import { Code, ConnectError } from "@connectrpc/connect";
import type { ServiceError } from "@ocellus/runtime/service-error.ts";
import { hold } from "./bytes-in-hand.ts";
import type { HttpRequest } from "./node-http.ts";

/** The largest body of REST that is read. It is the contract's own limit for a batch. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** What was received of a body, for who looks at it although it was refused. */
export interface ReceivedBody {
  /** Undefined while nothing was read. */
  bytes?: Uint8Array;
  /** How many bytes the whole body has, as far as that is known. */
  size?: number;
}

/**
 * The bytes of a body. Throws what `tooLarge` makes of the first bytes as soon as there are more than `maxBytes`, and
 * RESOURCE_EXHAUSTED where all bodies in hand have too many; then it reads no further. Throws CANCELLED where the client is gone.
 *
 * @param received is told what was read in either case
 */
export function readBody(
  request: HttpRequest,
  { maxBytes, inHandBytes }: { maxBytes: number; inHandBytes: number },
  tooLarge: (start: Uint8Array) => ServiceError,
  received: ReceivedBody = {},
): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const chunks: Buffer[] = [];
  let size = 0;
  const keep = () => {
    received.bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
    received.size = size;
    return received.bytes;
  };
  const lose = (cause?: unknown) =>
    reject(new ConnectError("The client was gone before it had sent its request", Code.Canceled, undefined, [], cause));
  const readNoFurther = () => request.off("data", take).off("end", finish).pause();
  const take = (chunk: Buffer) => {
    const overloaded = hold(request, chunk.length, inHandBytes);
    if (overloaded) {
      readNoFurther();
      reject(overloaded);
      return;
    }
    chunks.push(chunk);
    size += chunk.length;
    if (size <= maxBytes) return;
    readNoFurther();
    keep();
    received.size = Math.max(size, Number(request.headers["content-length"]) || 0);
    reject(tooLarge(chunks[0]!));
  };
  const finish = () => {
    request.off("close", lose);
    resolve(keep());
  };
  if (request.destroyed) lose();
  // The async iterator of a stream does the same at several times the price.
  request.on("data", take).on("end", finish).on("error", lose).on("close", lose);
  return promise;
}

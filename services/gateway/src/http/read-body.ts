import type { ServiceError } from "@ocellus/runtime/service-error.ts";
import type { HttpRequest } from "./node-http.ts";

/** The largest body that is read. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** The bytes of a body. Throws what `tooLarge` makes of the first bytes as soon as there are more than `maxBytes`. */
export async function readBody(
  request: HttpRequest,
  maxBytes: number,
  tooLarge: (start: Uint8Array) => ServiceError,
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(chunks[0]!);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}

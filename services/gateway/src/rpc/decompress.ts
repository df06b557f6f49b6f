import { promisify } from "node:util";
import { brotliDecompress, gunzip } from "node:zlib";
import { hold } from "../http/bytes-in-hand.ts";
import type { HttpRequest } from "../http/node-http.ts";
import { type MessageLimits, malformed, tooLarge } from "./message-limits.ts";

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>;

const BY_NAME = new Map<string, Decompress>([
  ["gzip", promisify(gunzip)],
  ["br", promisify(brotliDecompress)],
]);

/**
 * What was compressed so, which is taken in hand; undefined where nobody knows how. Throws INVALID_ARGUMENT for what was not, or becomes too
 * large, as soon as it does, and RESOURCE_EXHAUSTED where all requests together have too much in hand.
 */
export async function decompress(
  request: HttpRequest,
  bytes: Uint8Array,
  encoding: string,
  { messageBytes, inHandBytes }: MessageLimits,
): Promise<Uint8Array | undefined> {
  if (encoding === "identity") return bytes;
  const decompressed = BY_NAME.get(encoding);
  if (!decompressed) return undefined;
  let message: Uint8Array;
  try {
    message = await decompressed(bytes, { maxOutputLength: messageBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(messageBytes);
    throw malformed(`The message is not compressed by ${encoding}, as its headers say`);
  }
  const overloaded = hold(request, message.length, inHandBytes);
  if (overloaded) throw overloaded;
  return message;
}

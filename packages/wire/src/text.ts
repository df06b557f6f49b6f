import { isUtf8 } from "node:buffer";

/** The text between two places. Throws where the bytes are no UTF-8. */
export function textIn(bytes: Buffer, start: number, end: number): string {
  if (!isUtf8(bytes.subarray(start, end))) throw new Error(`The text at ${start} is no UTF-8`);
  return bytes.toString("utf8", start, end);
}

/** A text that is the same for the same bytes alone, and costs less than the text that they are. */
export function keyIn(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("latin1", start, end);
}

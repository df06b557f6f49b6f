import { isUtf8 } from "node:buffer";

/** Whether a text is UTF-8 without U+0000. */
export function isPlainText(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0) return false;
    if (byte >= 0x80) return !bytes.subarray(at, end).includes(0) && isUtf8(bytes.subarray(at, end));
  }
  return true;
}

/** Whether the double at `at`, in little endian, is neither infinite nor NaN: all ones in its exponent mean that. */
export function isFiniteDouble(bytes: Buffer, at: number): boolean {
  return (bytes[at + 7]! & 0x7f) !== 0x7f || bytes[at + 6]! < 0xf0;
}

/** Whether 36 bytes are a UUID in lower case. */
export function isLowerUuid(bytes: Buffer, start: number): boolean {
  for (let index = 0; index < 36; index++) {
    const byte = bytes[start + index]!;
    const isDash = index === 8 || index === 13 || index === 18 || index === 23;
    if (isDash ? byte !== DASH : !isLowerHex(byte)) return false;
  }
  return true;
}

const DASH = 0x2d;

function isLowerHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
}

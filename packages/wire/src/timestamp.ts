import type { Micros } from "@ocellus/runtime/time.ts";
import type { Reader } from "./reader.ts";

const SECONDS = 0x08;

/** The time that an encoded Timestamp holds. */
export function microsIn(reader: Reader, end: number): Micros {
  let seconds = 0n;
  let nanos = 0;
  while (reader.at < end) {
    if (reader.bytes[reader.at++] === SECONDS) seconds = reader.int64(end);
    else nanos = Number(reader.int64(end));
  }
  return seconds * 1_000_000n + BigInt(Math.trunc(nanos / 1000));
}

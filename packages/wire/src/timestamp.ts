import type { Micros } from "@ocellus/runtime/time.ts";
import type { Reader } from "./reader.ts";

const SECONDS = 0x08;

/** The time that an encoded Timestamp holds, to the microsecond. */
export function microsIn(reader: Reader, end: number): Micros {
  return microsOf(timeIn(reader, end));
}

/** A time as one number. */
export function microsOf({ seconds, micros }: Time): Micros {
  return BigInt(seconds) * 1_000_000n + BigInt(micros);
}

/** A time since 1970 in numbers, which a bigint costs ten times as much as. */
export interface Time {
  seconds: number;
  /** From 0 to 999 999, also before 1970. */
  micros: number;
}

/** The same in numbers. */
export function timeIn(reader: Reader, end: number): Time {
  let seconds = 0;
  let nanos = 0;
  while (reader.at < end) {
    if (reader.bytes[reader.at++] === SECONDS) seconds = int64(reader, end);
    else nanos = int64(reader, end);
  }
  return { seconds, micros: Math.trunc(nanos / 1000) };
}

/** What a Timestamp may hold is exact in a double. */
function int64(reader: Reader, end: number): number {
  const small = reader.varint(end);
  return small >= 0 ? small : Number(reader.int64(end));
}

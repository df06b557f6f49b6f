import type { Micros } from "@ocellus/runtime/time.ts";

/** The length of a base bucket. A quarter of an hour divides the offset of every time zone in use. */
export const QUARTER_MICROS: Micros = 900_000_000n;

/** The start of the base bucket that holds a time. */
export function quarterOf(time: Micros): Micros {
  const into = ((time % QUARTER_MICROS) + QUARTER_MICROS) % QUARTER_MICROS;
  return time - into;
}

import type { Micros } from "@ocellus/runtime/time.ts";
import type { Unit } from "./query.ts";

const SECOND: Micros = 1_000_000n;
const DAY = 86_400n * SECOND;
/** From a Monday to the Thursday with which 1970 began. */
const SINCE_MONDAY = 3n * DAY;

const LENGTHS: Partial<Record<Unit, Micros>> = {
  second: SECOND,
  minute: 60n * SECOND,
  hour: 3600n * SECOND,
  day: DAY,
  week: 7n * DAY,
};
const MONTHS: Partial<Record<Unit, number>> = { month: 1, quarter: 3, year: 12 };

/** How many buckets of UTC a window touches; none where it is reversed, or has no buckets. */
export function countBuckets(unit: Unit, min: Micros, max: Micros): bigint {
  if (min > max) return 0n;
  const months = MONTHS[unit];
  if (months) return BigInt(Math.floor(monthOf(max) / months) - Math.floor(monthOf(min) / months) + 1);
  const length = LENGTHS[unit];
  if (!length) return 0n;
  const shift = unit === "week" ? SINCE_MONDAY : 0n;
  return floorDivide(max + shift, length) - floorDivide(min + shift, length) + 1n;
}

function monthOf(time: Micros): number {
  const date = new Date(Number(floorDivide(time, 1000n)));
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

const floorDivide = (dividend: bigint, divisor: bigint) => dividend / divisor - (dividend % divisor < 0n ? 1n : 0n);

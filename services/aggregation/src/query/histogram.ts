import { type RawBuilder, sql } from "kysely";

type Sql = RawBuilder<unknown>;

/**
 * How far an estimate is off at most, relative to the value: below the 1 % that is promised by more than what logarithms are rounded
 * by. Doubles below the normal ones have few digits, and the estimate is rounded to these: there it is half of it.
 */
const ERROR = 0.0099;
const SUBNORMAL_ERROR = 0.0049;

/** The lowest normal double. */
const LOWEST_NORMAL = 2.2250738585072014e-308;

/** By how much bins are shifted, so that all are positive and in order of size: up to 3716 those of lower doubles, from 4224 on the others. */
const SHIFT = 40_000;
const SUBNORMAL_SHIFT = 76_000;
const FIRST_NORMAL = 4000;

/** The logarithm of the highest double, and a little less: the middle of the highest bin would be beyond it. */
const HIGHEST = 709.78;

interface Scale {
  logOfGamma: number;
  shift: number;
  factor: number;
}

/** Bins whose bounds are powers of gamma: each value in one is within the error of its middle. */
function scaleOf(error: number, shift: number): Scale {
  const gamma = (1 + error) / (1 - error);
  return { logOfGamma: Math.log(gamma), shift, factor: 2 / (gamma + 1) };
}

const NORMAL = scaleOf(ERROR, SHIFT);
const SUBNORMAL = scaleOf(SUBNORMAL_ERROR, SUBNORMAL_SHIFT);

const double = (value: number) => sql`${sql.lit(String(value))}::float8`;
const integer = (value: number) => sql.raw(String(value));

/**
 * The bin of a value: 0 of zero, the negative of the bin of what is the same without its sign, and else a positive number that grows
 * with the logarithm of the value. Positive doubles have about 75 000. Null of null.
 */
export function binOf(value: Sql): Sql {
  const bin = ({ logOfGamma, shift }: Scale) =>
    sql`ceil(ln(abs(${value})) / ${double(logOfGamma)})::integer + ${integer(shift)}`;
  return sql`case when ${value} = 0 then 0 else sign(${value})::integer * case
    when abs(${value}) < ${double(LOWEST_NORMAL)} then ${bin(SUBNORMAL)} else ${bin(NORMAL)} end end`;
}

/** What stands for the values in a bin. */
export function valueOfBin(bin: Sql): Sql {
  const value = ({ logOfGamma, shift, factor }: Scale) =>
    sql`exp(least((abs(${bin}) - ${integer(shift)}) * ${double(logOfGamma)} + ${double(Math.log(factor))}, ${double(HIGHEST)}))`;
  return sql`case when ${bin} = 0 then 0 else sign(${bin}) * case
    when abs(${bin}) < ${integer(FIRST_NORMAL)} then ${value(SUBNORMAL)} else ${value(NORMAL)} end end`;
}

/** The bins of a histogram, and how many values are in each. */
export function countsOf(bins: Sql, upto: Sql): Sql {
  // What is before a bin comes beside it, and beside nothing behind the last one.
  return sql`
    select bin, upto - before as count from unnest(${bins}, ${upto}, array_prepend(0::bigint, ${upto})) as binned (bin, upto, before)
    where bin is not null`;
}

/** The bin of the value that has so many before it. */
export const binAfter = (count: Sql, bins: Sql, upto: Sql): Sql => sql`(${bins})[width_bucket(${count}, ${upto}) + 1]`;

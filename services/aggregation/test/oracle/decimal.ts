/** A decimal number: `digits` divided by ten to the power of `scale`. */
interface Decimal {
  digits: bigint;
  scale: number;
}

/** More digits than it takes to tell any two doubles apart, or any two sums of some. */
const QUOTIENT_DIGITS = 800;

/** The sum of numbers as the decimal numbers that they print as. */
export function sumOf(values: readonly number[]): number {
  return toDouble(add(values));
}

/** Their sum, divided by how many they are. */
export function averageOf(values: readonly number[]): number {
  return toDouble(divide(add(values), BigInt(values.length)));
}

/** So many by the second. */
export function rateOf(count: number, micros: bigint): number {
  return toDouble(divide({ digits: BigInt(count) * 1_000_000n, scale: 0 }, micros));
}

/** Compares two sums, or two averages, that may be the same double. */
export function compareExactly(one: readonly number[], other: readonly number[], average: boolean): number {
  const exact = (values: readonly number[]) => {
    const { digits, scale } = divide(add(values), BigInt(average ? values.length : 1));
    return digits * 10n ** BigInt(2 * QUOTIENT_DIGITS - scale);
  };
  const difference = exact(one) - exact(other);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function add(values: readonly number[]): Decimal {
  const all = values.map(decimalOf);
  const scale = Math.max(0, ...all.map((value) => value.scale));
  return { digits: all.reduce((sum, value) => sum + value.digits * 10n ** BigInt(scale - value.scale), 0n), scale };
}

function divide({ digits, scale }: Decimal, divisor: bigint): Decimal {
  return { digits: (digits * 10n ** BigInt(QUOTIENT_DIGITS)) / divisor, scale: scale + QUOTIENT_DIGITS };
}

function decimalOf(value: number): Decimal {
  const [, sign, whole = "", fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(
    `${value}`,
  )!;
  const digits = BigInt(`${sign}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

const toDouble = ({ digits, scale }: Decimal) => Number(`${digits}e${-scale}`);

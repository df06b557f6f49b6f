const BYTES: Readonly<Record<string, number>> = { "": 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** `500m` or `2` of cores. Throws for what is neither. */
export function coresOf(text: string): number {
  const [, number, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(text) ?? [];
  if (!number) throw new Error(`${text} is no number of cores`);
  return Number(number) / (milli ? 1000 : 1);
}

/** `768Mi` in bytes. Throws for what is no whole number of bytes, Ki, Mi or Gi. */
export function bytesOf(text: string): number {
  const [, number, unit] = /^(\d+)([KMG]i|)$/.exec(text) ?? [];
  if (!number) throw new Error(`${text} is no number of bytes`);
  return Number(number) * BYTES[unit!]!;
}

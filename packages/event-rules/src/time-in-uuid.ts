import type { Micros } from "@ocellus/runtime/time.ts";

/** The time in a UUIDv7 (RFC 9562, section 5.7), to the millisecond; undefined for any other UUID. */
export function timeInUuid(uuid: string): Micros | undefined {
  const isVersion7 = uuid[14] === "7" && /[89ab]/i.test(uuid[19] ?? "");
  return isVersion7 ? BigInt(Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)) * 1000n : undefined;
}

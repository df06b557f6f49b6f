/** The columns of a line that COPY reads. */
export const COLUMNS =
  'id, "timestamp", namespace, name, category, session_id, person_id, value, data, receive_time' as const;

/** What stands in a line for null. */
export const NULL = "\\N";

/** A UUIDv7, as services make them, of a time in microseconds since 1970. */
export function idOf(micros: number, random: () => number): string {
  const time = Math.floor(micros / 1000)
    .toString(16)
    .padStart(12, "0");
  const rest = hex(random, 8) + hex(random, 8);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-a${rest.slice(3, 6)}-${rest.slice(6, 16)}${hex(random, 2)}`;
}

/** A time in microseconds since 1970, as RFC 3339. */
export function timeOf(micros: number): string {
  const iso = new Date(Math.floor(micros / 1000)).toISOString();
  return `${iso.slice(0, -1)}${String(micros % 1000).padStart(3, "0")}Z`;
}

/** Random hexadecimal digits. */
export function hex(random: () => number, digits: number): string {
  return Math.floor(random() * 16 ** digits)
    .toString(16)
    .padStart(digits, "0");
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

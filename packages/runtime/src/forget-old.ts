import { type RepeatOptions, repeat } from "./repeat.ts";

const HOUR_MS = 3_600_000;

/** Forgets, now and once an hour (or `everyMs`) until the signal aborts, what nobody will ask for again. `forget` deletes it. */
export function forgetOld(
  what: string,
  forget: () => Promise<unknown>,
  { signal, log, everyMs = HOUR_MS }: Omit<RepeatOptions, "everyMs"> & Partial<Pick<RepeatOptions, "everyMs">>,
): Promise<void> {
  return repeat(`forgetting old ${what}`, forget, { signal, log, everyMs });
}

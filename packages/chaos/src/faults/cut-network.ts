import { setTimeout as sleep } from "node:timers/promises";
import { CUTS } from "../target/link.ts";
import { STRETCH_NAMES } from "../target/links.ts";
import type { Fault } from "./fault.ts";

/** The network between two services is cut for up to `mostMs`. The dice say which two, and how it is cut. */
export function cutNetwork(mostMs: number, dice: () => number): Fault {
  const pick = <T>(values: readonly T[]) => values[Math.floor(dice() * values.length)]!;
  const stretch = pick(STRETCH_NAMES);
  const cut = pick(CUTS);
  const forMs = Math.round(mostMs * (0.25 + dice() * 0.75));
  return {
    name: `${stretch} cut (${cut})`,
    breaks: [stretch],
    async happen({ target }) {
      const link = target.links[stretch];
      link.cut(cut);
      try {
        await sleep(forMs);
      } finally {
        link.mend();
      }
    },
  };
}

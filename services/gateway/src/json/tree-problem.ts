/** How deep free JSON may nest. The events' own limit is lower; this one keeps the stack whole. */
export const MAX_DEPTH = 100;

/**
 * What keeps free JSON from being sent on at all: it is too deep, or holds text that UTF-8 cannot carry; undefined where
 * nothing does. It looks level by level, so that no depth overflows the stack.
 */
export function treeProblem(json: unknown): string | undefined {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return `must not be deeper than ${MAX_DEPTH} levels`;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value === "string" && !value.isWellFormed()) return UNPAIRED;
      if (typeof value !== "object" || value === null) continue;
      if (!Array.isArray(value) && Object.keys(value).some((key) => !key.isWellFormed())) return UNPAIRED;
      for (const inner of Object.values(value)) next.push(inner);
    }
    level = next;
  }
  return undefined;
}

/** UTF-8 has no form for half a surrogate pair; an encoder would silently put U+FFFD in its place. */
export const UNPAIRED = "must not hold an unpaired surrogate";

/** What is wrong with a text that must have 1 to `max` code points, none of them U+0000; undefined where nothing is. */
export function textProblem(text: string, max: number): string | undefined {
  if (text === "") return "must not be empty";
  // A text has at most as many code points as UTF-16 units, so the slow count is for long texts alone.
  if (text.length > max) {
    const length = codePointsIn(text);
    if (length > max) return `must have at most ${max} characters, and has ${length}`;
  }
  return unstorableProblem(text);
}

/** What PostgreSQL or UTF-8 could not hold of a text; undefined where nothing is wrong. */
export function unstorableProblem(text: string): string | undefined {
  if (text.includes("\0")) return "must not hold U+0000";
  if (!text.isWellFormed()) return "must not hold an unpaired surrogate";
  return undefined;
}

function codePointsIn(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

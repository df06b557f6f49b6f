/**
 * Whether a statement failed because it began before another partition was made, which its event belongs to: PostgreSQL then
 * refuses the event in the default partition, by no constraint of ours. It may be made again.
 */
export function isStaleRouting(error: unknown): boolean {
  for (let at = error, depth = 0; typeof at === "object" && at !== null && depth < 5; depth++) {
    const { code, constraint, cause } = at as { code?: unknown; constraint?: unknown; cause?: unknown };
    if (code === "23514") return constraint === undefined;
    at = cause;
  }
  return false;
}

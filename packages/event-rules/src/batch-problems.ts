const MAX_EVENTS = 1000;
const MAX_BYTES = 4 * 1024 * 1024;

/** What is wrong with the number of events in a batch, and with its size where that is known. */
export function batchProblems(count: number, bytes = 0): string[] {
  const problems: string[] = [];
  if (count === 0) problems.push("must hold at least 1 event");
  if (count > MAX_EVENTS) problems.push(`must hold at most ${MAX_EVENTS} events, and holds ${count}`);
  if (bytes > MAX_BYTES) problems.push(`must have at most ${MAX_BYTES} bytes, and has ${bytes}`);
  return problems;
}

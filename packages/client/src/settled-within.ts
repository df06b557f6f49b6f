/** The longest that a timer of Node can take. */
const LONGEST_MS = 2 ** 31 - 1;

/** Resolves when the work is done, or after `ms`. */
export async function settledWithin(work: Promise<unknown>, ms: number): Promise<void> {
  if (ms > LONGEST_MS) return void (await work);
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}

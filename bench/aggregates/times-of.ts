/** How many milliseconds each of some calls took, one after another. */
export async function timesOf(ask: () => Promise<unknown>, calls: number): Promise<number[]> {
  const times: number[] = [];
  while (times.length < calls) {
    const start = performance.now();
    await ask();
    times.push(performance.now() - start);
  }
  return times;
}

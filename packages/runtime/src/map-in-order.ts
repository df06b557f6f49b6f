/**
 * Maps what comes, up to `concurrency` at a time, and yields the results in the order of what came. Takes no more while so
 * many are under way, so that a fast sender waits.
 */
export async function* mapInOrder<In, Out>(
  inputs: AsyncIterable<In>,
  concurrency: number,
  map: (input: In) => Promise<Out>,
): AsyncGenerator<Out> {
  const results: Promise<Out>[] = [];
  const iterator = inputs[Symbol.asyncIterator]();
  let ended = false;
  let failure: { error: unknown } | undefined;
  let next: Promise<void> | undefined;
  try {
    for (;;) {
      if (!ended && !next && results.length < concurrency) {
        next = iterator.next().then(
          ({ done, value }) => {
            next = undefined;
            if (done) ended = true;
            else results.push(started(map(value)));
          },
          (error) => {
            next = undefined;
            ended = true;
            failure = { error };
          },
        );
      }
      const [oldest] = results;
      if (!oldest) {
        if (failure) throw failure.error;
        if (ended) return;
        await next;
      } else if (!next || (await settled(oldest, next))) {
        const result = await oldest;
        results.shift();
        yield result;
      }
    }
  } finally {
    // Not awaited: an input that never comes must not hold up an end.
    iterator.return?.()?.catch(() => {});
  }
}

/** A result is awaited in its turn; until then its failure must not count as unhandled. */
function started<T>(result: Promise<T>): Promise<T> {
  result.catch(() => {});
  return result;
}

/** Whether the result is there; waits for it, or for the next input, whichever is first. */
function settled(result: Promise<unknown>, next: Promise<void>): Promise<boolean> {
  const yes = () => true;
  return Promise.race([result.then(yes, yes), next.then(() => false)]);
}

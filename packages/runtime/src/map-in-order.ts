/** How much may be under way at once. */
export interface UnderWay<In> {
  /** How many inputs. */
  most: number;
  /** How many bytes, of one input more than that where it comes last. Default: any. */
  mostBytes?: number;
  bytesOf?: (input: In) => number;
}

/**
 * Maps what comes, many at a time, and yields the results in the order of what came. Takes no more while too much is under way,
 * so that a fast sender waits.
 */
export async function* mapInOrder<In, Out>(
  inputs: AsyncIterable<In>,
  { most, mostBytes = Number.POSITIVE_INFINITY, bytesOf = () => 0 }: UnderWay<In>,
  map: (input: In) => Promise<Out>,
): AsyncGenerator<Out> {
  const results: { result: Promise<Out>; bytes: number }[] = [];
  const iterator = inputs[Symbol.asyncIterator]();
  let bytes = 0;
  let ended = false;
  let failure: { error: unknown } | undefined;
  let onInput = () => {};
  let onResult = () => {};

  const takeAll = async () => {
    try {
      while (!ended) {
        const { done, value } = await iterator.next();
        if (done || ended) break;
        const size = bytesOf(value);
        bytes += size;
        results.push({ result: started(map(value)), bytes: size });
        onInput();
        while (!ended && (results.length >= most || bytes >= mostBytes))
          await new Promise<void>((resolve) => {
            onResult = resolve;
          });
      }
    } catch (error) {
      failure = { error };
    }
    ended = true;
    onInput();
  };

  void takeAll();
  try {
    for (;;) {
      const oldest = results[0];
      if (oldest) {
        const result = await oldest.result;
        results.shift();
        bytes -= oldest.bytes;
        onResult();
        yield result;
      } else if (failure) throw failure.error;
      else if (ended) return;
      else
        await new Promise<void>((resolve) => {
          onInput = resolve;
        });
    }
  } finally {
    ended = true;
    onResult();
    // Not awaited: an input that never comes must not hold up an end.
    iterator.return?.()?.catch(() => {});
  }
}

/** A result is awaited in its turn; until then its failure must not count as unhandled. */
function started<T>(result: Promise<T>): Promise<T> {
  result.catch(() => {});
  return result;
}

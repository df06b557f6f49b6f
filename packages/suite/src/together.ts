/** Waits for all works. The failure of one aborts the others, and is thrown when they too have come to an end. */
export async function together<Results extends unknown[]>(
  failure: AbortController,
  works: { [Index in keyof Results]: Promise<Results[Index]> },
): Promise<Results> {
  for (const work of works) work.catch((error) => failure.abort(error));
  await Promise.allSettled(works);
  return Promise.all(works) as Promise<Results>;
}

/** Sends every request, `most` at a time, and answers how long each took, in milliseconds. Throws with the first that fails. */
export async function sendAll<R>(
  requests: R[],
  most: number,
  send: (request: R) => Promise<unknown>,
): Promise<Float64Array> {
  const times = new Float64Array(requests.length);
  let next = 0;
  const sender = async () => {
    while (next < requests.length) {
      const index = next++;
      const start = performance.now();
      await send(requests[index]!);
      times[index] = performance.now() - start;
    }
  };
  await Promise.all(Array.from({ length: most }, sender));
  return times;
}

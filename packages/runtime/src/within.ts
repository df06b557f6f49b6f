/** Something took longer than it was given; it may go on. */
export class TooLate extends Error {
  constructor(ms: number) {
    super(`not done within ${ms} ms`);
  }
}

/** The promise's outcome, or a `TooLate` once `ms` milliseconds have passed. What the promise does is not stopped. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(ms)), ms);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

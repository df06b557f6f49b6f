import type { Writable } from "node:stream";

/** Waits until what was written to a stream is taken from it, or the signal aborts. */
export function drained(stream: Writable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    stream.once("drain", done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

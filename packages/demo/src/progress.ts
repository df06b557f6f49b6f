import { Presets, SingleBar } from "cli-progress";

/** Shows how far a task of `total` steps is, on a terminal; answers a function to call after each step. */
export function progress(title: string, total: number): { step: (count?: number) => void; end: () => void } {
  const bar = new SingleBar(
    { format: `${title} {bar} {value}/{total}`, clearOnComplete: true, hideCursor: true, noTTYOutput: false },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { step: (count = 1) => bar.increment(count), end: () => bar.stop() };
}

import { Gauge } from "prom-client";

/** A value, under its labels. */
type Labelled = readonly [labels: Record<string, string>, value: number];

/**
 * A gauge of what a reading tells. It has no value while there is no reading.
 *
 * @param values every value that the reading gives it
 */
export function readingGauge<T>(
  facts: { name: string; help: string; labelNames?: string[] },
  reading: () => Promise<T | undefined>,
  values: (read: T) => readonly Labelled[],
): void {
  new Gauge({
    ...facts,
    async collect() {
      const read = await reading();
      this.reset();
      // One without labels is 0 then.
      if (!facts.labelNames) this.remove();
      if (read !== undefined) for (const [labels, value] of values(read)) this.set(labels, value);
    },
  });
}

/** One metric, with the names of the labels that its series have. */
export interface ExposedMetric {
  type: string;
  help: string;
  labels: Set<string>;
}

/** What a service exposes on `/metrics`. */
export interface Exposition {
  metrics: Map<string, ExposedMetric>;
  /** Every value by its series, as it stands there. */
  series: Map<string, number>;
}

/** What the series of histograms and summaries have besides their own labels. */
const OF_TYPE = ["le", "quantile"];

/** Reads the text format of Prometheus. */
export function parseExposition(text: string): Exposition {
  const metrics = new Map<string, ExposedMetric>();
  const series = new Map<string, number>();
  let current: ExposedMetric | undefined;
  for (const line of text.split("\n").filter(Boolean)) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === "HELP") {
      current = { type: "", help: rest!, labels: new Set() };
      metrics.set(name!, current);
    } else if (kind === "TYPE") current!.type = rest!;
    else {
      const [, of, labels = "", value] = /^([a-z0-9_:]+(?:\{(.*)\})?) (\S+)$/i.exec(line) ?? [];
      if (!of) throw new Error(`cannot be read as a line of /metrics: ${line}`);
      series.set(of, Number(value));
      for (const [, label] of labels.matchAll(/(?:^|,)(\w+)="(?:[^"\\]|\\.)*"/g)) {
        if (!OF_TYPE.includes(label!)) current!.labels.add(label!);
      }
    }
  }
  return { metrics, series };
}

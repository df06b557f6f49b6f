import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@ocellus/suite/repository.ts";

/** A metric as docs/metrics.md tells of it. */
export interface DocumentedMetric {
  type: string;
  /** The services that expose it, or `all`. */
  of: string;
  labels: string[];
  help: string;
}

/** Every metric of the tables of docs/metrics.md, by its name. */
export function documentedMetrics(): Map<string, DocumentedMetric> {
  const text = readFileSync(join(repositoryRoot, "docs/metrics.md"), "utf8");
  const rows = text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  return new Map(
    rows.flatMap(([, name = "", type = "", of = "", labels = "", help = ""]) => {
      const [, metric] = /^`([a-z]\w+)`$/.exec(name) ?? [];
      if (!metric) return [];
      const names = [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label!).sort();
      return [[metric, { type, of, labels: names, help }]];
    }),
  );
}

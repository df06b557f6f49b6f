import { parser } from "@prometheus-io/lezer-promql";

/** What a query asks for. */
export interface PromQuery {
  /** Every metric that it names. */
  metrics: string[];
  /** Every label that it names: to choose by, to group by, or to match on. */
  labels: string[];
}

/** Reads a PromQL query by Prometheus' own grammar. Throws where it is none. */
export function readPromQuery(query: string): PromQuery {
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(query).iterate({
    enter(node) {
      const text = query.slice(node.from, node.to);
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${query.slice(node.from, node.from + 40)}`);
      if (node.name === "VectorSelector") {
        const identifier = node.node.getChild("Identifier");
        if (!identifier) throw new Error(`a selector without a metric: ${text}`);
        metrics.push(query.slice(identifier.from, identifier.to));
      }
      if (node.name === "LabelName") labels.push(text);
    },
  });
  return { metrics, labels };
}

import { expect, test } from "@jest/globals";
import { collectDefaultMetrics, Registry } from "prom-client";
import { documentedMetrics } from "./support/documented-metrics.ts";

test("docs/metrics.md lists the labels of Node's metrics, those too that have a series only now and then", () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // The declared labels, which prom-client's types leave out.
  const metrics = registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[];
  const declared = metrics.map(({ name, labelNames }) => [name, [...labelNames].sort()] as const);
  const documented = documentedMetrics();
  expect(declared).toEqual(declared.map(([name]) => [name, documented.get(name)?.labels ?? "not documented"]));
});

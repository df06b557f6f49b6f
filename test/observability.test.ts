import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { parse } from "yaml";
import { documentedMetrics } from "./support/documented-metrics.ts";
import { readPromQuery } from "./support/promql.ts";

const RUNBOOKS = "https://github.com/ocellus/ocellus/blob/main/docs/runbooks.md#";
/** Labels that Prometheus adds when it scrapes, and those of histograms. */
const ADDED = ["pod", "instance", "job", "namespace", "le"];

const read = (path: string) => readFileSync(join(repositoryRoot, path), "utf8");

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}

const rule = parse(read("deploy/observability/alerts.yaml")) as { spec: { groups: { name: string; rules: Rule[] }[] } };
const alerts = rule.spec.groups.flatMap(({ rules }) => rules);

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { uid: string };
  targets?: { expr: string; legendFormat: string; datasource: { uid: string } }[];
}

const dashboard = JSON.parse(read("deploy/observability/dashboard.json")) as {
  schemaVersion: number;
  panels: Panel[];
  templating: { list: { name: string; type: string }[] };
};
const panels = dashboard.panels.filter(({ type }) => type !== "row");
const metrics = documentedMetrics();

/** What a query asks for that no service tells. */
function unknownIn(expr: string): string[] {
  const asked = readPromQuery(expr);
  const unknown = asked.metrics.filter((name) => !metrics.has(withoutSuffix(name)));
  const labels = asked.metrics.flatMap((name) => metrics.get(withoutSuffix(name))?.labels ?? []);
  return [...unknown, ...asked.labels.filter((label) => !ADDED.includes(label) && !labels.includes(label))];
}

/** Of a histogram, its series have names of their own. */
function withoutSuffix(name: string): string {
  const base = name.replace(/_(bucket|sum|count)$/, "");
  return metrics.get(base)?.type === "histogram" ? base : name;
}

/** The labels that a text of an alert or a legend shows. */
const shownIn = (text: string) => [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label]) => label!);

describe("the alert", () => {
  test.each(alerts.map((alert) => [alert.alert, alert] as const))("%s asks for what services tell", (_, { expr }) => {
    expect(unknownIn(expr)).toEqual([]);
  });

  test.each(alerts.map((alert) => [alert.alert, alert] as const))(
    "%s says what is wrong, and shows labels that it has",
    (_, alert) => {
      const { annotations, expr, labels } = alert;
      expect(["critical", "warning"]).toContain(labels.severity);
      expect(Object.keys(annotations)).toEqual(["summary", "description", "runbook_url"]);
      const has = [
        ...readPromQuery(expr).labels,
        ...[...expr.matchAll(/label_replace\(.*?, "(\w+)"/g)].map(([, label]) => label),
      ];
      for (const label of shownIn(annotations.summary + annotations.description)) expect(has).toContain(label);
    },
  );

  test("has a name of its own", () => {
    const names = alerts.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
  });
});

test("each alert leads to its runbook, and each runbook belongs to an alert", () => {
  const runbooks = [...read("docs/runbooks.md").matchAll(/^### (.+)$/gm)].map(([, title]) => title!);
  expect(alerts.map(({ alert }) => alert)).toEqual(runbooks);
  for (const { alert, annotations } of alerts) expect(annotations.runbook_url).toBe(RUNBOOKS + alert.toLowerCase());
});

test("each runbook says what the alert means, how to look, and what to do", () => {
  const [, ...texts] = read("docs/runbooks.md").split(/^### .+$/m);
  for (const text of texts)
    expect([...text.matchAll(/^\*\*(\w+)\.\*\*/gm)].map(([, part]) => part)).toEqual(["Means", "Look", "Do"]);
});

test("queries in the runbooks ask for what services tell", () => {
  const inline = [...read("docs/runbooks.md").matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
  const names = inline.filter((code) => /^(ocellus|grpc_server|http_server|nodejs|process)_\w+$/.test(code));
  expect(names.filter((name) => !metrics.has(withoutSuffix(name)))).toEqual([]);
  const queries = inline.filter((code) => /^(sum|max|min|rate|deriv|histogram_quantile|ocellus_\w+\{)/.test(code));
  expect(queries.length).toBeGreaterThan(5);
  for (const query of queries)
    expect([query, unknownIn(query)]).toEqual([query, query.includes("container_") ? expect.anything() : []]);
});

describe("the panel", () => {
  const queries = panels.flatMap(({ title, targets }) => targets!.map((target) => [title, target] as const));

  test.each(queries)(
    "%s asks for what services tell, of the Prometheus that is chosen",
    (_, { expr, legendFormat, datasource }) => {
      const query = expr.replaceAll("$__rate_interval", "5m");
      expect(unknownIn(query)).toEqual([]);
      expect(datasource.uid).toMatch(/^\$\{datasource\}$/);
      const has = [...readPromQuery(query).labels, ...ADDED];
      for (const label of shownIn(legendFormat)) expect(has).toContain(label);
    },
  );

  test("has an id of its own, and lies on no other", () => {
    const all = dashboard.panels;
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const { gridPos: a, id } of all) {
      expect(a.x + a.w).toBeLessThanOrEqual(24);
      const over = all.filter(({ gridPos: b, id: other }) => {
        return other > id && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
      });
      expect(over).toEqual([]);
    }
  });

  test("is shown by a Grafana of today, with the variables that it uses", () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
    const variables = dashboard.templating.list.map(({ name }) => name);
    const used = JSON.stringify(panels).matchAll(/\$\{?(?!__)(\w+)/g);
    expect(new Set([...used].map(([, name]) => name))).toEqual(new Set(variables));
  });
});

test("the grammar refuses what is no PromQL", () => {
  expect(() => readPromQuery("sum(rate(ocellus_events_stored_total[5m])")).toThrow("no PromQL");
  expect(unknownIn("ocellus_no_such_total + ocellus_stream_bytes{colour='red'}")).toEqual([
    "ocellus_no_such_total",
    "colour",
  ]);
  expect(unknownIn("sum by (flavour, stream) (ocellus_stream_bytes)")).toEqual(["flavour"]);
});

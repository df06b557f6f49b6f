import { machine } from "@ocellus/suite/machine.ts";
import { numberTable as table } from "@ocellus/suite/number-table.ts";
import { medianOf } from "../shared/median.ts";
import { figuresOf, type Results } from "./figures.ts";

/** What was measured as tables. */
export function reportOf(results: Results, events: number): string {
  const { cpus, model, memoryGiB, node } = machine();
  const title = `${events} events, on ${cpus} × ${model}, ${memoryGiB} GiB, Node ${node}`;
  const figures = table(["figure", "reached", "wanted", ""]);
  for (const { title, value, wanted, reached } of figuresOf(results))
    figures.push([title, number(value), wanted, reached ? "yes" : "NO"]);
  return [title, ...tablesOf(results), figures].join("\n");
}

function* tablesOf({ queries, growth, lateEvents, keepingUp }: Results) {
  if (queries) {
    const tells = ["events", "rows", "gateway", "p99", "gRPC", "index", "in place"];
    const times = table(["milliseconds, median", ...tells, "best plan over the events"]);
    for (const { query, events, rows, gatewayMs, gatewayP99Ms, grpcMs, raw } of queries)
      times.push([
        query.title,
        events,
        rows,
        ...[gatewayMs, gatewayP99Ms, grpcMs, raw.ms, raw.rowsMs].map(number),
        raw.plan,
      ]);
    yield times;
  }
  if (growth) {
    const times = table(["gRPC, milliseconds, median", "a tenth of the events", "all", "ratio"]);
    for (const { query, fewMs, manyMs } of growth)
      times.push([query.title, number(fewMs), number(manyMs), number(manyMs / fewMs)]);
    yield times;
  }
  if (lateEvents) {
    const { events, series, accepted, stored, marked, materialised, checks, wrong, queryMs } = lateEvents;
    const until = table([`${events} late events of ${series} series, seconds until`, ""]);
    until.push(["accepted", number(accepted)], ["stored", number(stored)], ["marked", number(marked)]);
    until.push(["materialised", number(materialised)], ["a query meanwhile, ms", number(queryMs)]);
    yield until;
    yield [`${checks} answers compared with full scans, ${wrong.length} wrong`, ...wrong].join("\n");
  }
  if (keepingUp) {
    const heads = ["aggregation runs", "it stands still", "CPU µs an event", "without"];
    const rates = table(["events stored a second, median", ...heads]);
    for (const { times, running, stopped } of keepingUp) {
      const [rate, cpu] = (["rate", "cpu"] as const).map((what) =>
        [running, stopped].map((side) => medianOf(side.map((storing) => storing[what]))),
      ) as [number[], number[]];
      rates.push([times, ...rate.map((value) => Math.round(value)), ...cpu.map(number)]);
    }
    yield rates;
  }
}

const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2));

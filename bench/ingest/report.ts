import { machine } from "@ocellus/suite/machine.ts";
import { numberTable as table } from "@ocellus/suite/number-table.ts";
import { medianOf } from "../shared/median.ts";
import { figuresOf } from "./figures.ts";
import type { Measurement } from "./measure.ts";
import type { Round } from "./round.ts";
import type { Soak } from "./soak.ts";

/** Above this share of its time the load generator, and not the suite, set the pace. */
const BOTTLENECK = 0.95;

const TITLES = {
  batches: "gRPC, batches of 500",
  stream: "gRPC, one stream, an event a message",
  unary: "gRPC, single calls",
  unaryEcho: "  grpc-js echo",
  jsonBatches: "JSON, batches of 500",
  jsonSingle: "JSON, single calls",
  jsonEcho: "  connect-node echo",
  jetStream: "  raw JetStream, 500 a message",
} as const;

type Way = keyof typeof TITLES;
const WAYS = Object.keys(TITLES) as Way[];
const PARTS = ["load", "gateway", "ingest", "nats", "postgres", "sessions", "aggregation"];

/** The medians as tables. */
export function reportOf(rounds: Round[], events: number): string {
  const of = (value: (round: Round) => number | undefined) =>
    medianOf(rounds.map((round) => value(round) ?? Number.NaN));
  const rates = table(["events a second, median", "answered", "stored", "counted", "p50 ms", "p99 ms", "load busy"]);
  rates.push(["  raw COPY", "", whole(of(({ rawCopy }) => rawCopy)), "", "", "", ""]);
  rates.push(["gRPC, batches of 500, stored alone", "", whole(of(({ storing }) => storing)), "", "", "", ""]);
  const costs = table(["CPU µs an event", ...PARTS]);
  const memory = table(["peak MiB", ...PARTS.slice(1)]);
  for (const way of WAYS) {
    const median = (value: (measurement: Measurement) => number | undefined) => of((round) => value(round[way]));
    const busy = median(({ loadBusy }) => loadBusy);
    rates.push([
      TITLES[way],
      whole(median(({ accepted }) => accepted)),
      whole(median(({ stored }) => stored)),
      whole(median(({ counted }) => counted)),
      tenth(median(({ p50 }) => p50)),
      tenth(median(({ p99 }) => p99)),
      `${Math.round(busy * 100)} %${busy > BOTTLENECK ? " (!)" : ""}`,
    ]);
    costs.push([TITLES[way], ...PARTS.map((part) => tenth(median(({ cpu }) => cpu[part])))]);
    if (Object.keys(rounds[0]![way].memory).length > 0)
      memory.push([TITLES[way], ...PARTS.slice(1).map((part) => whole(median((seen) => seen.memory[part])))]);
  }
  const figures = table(["figure", "median", "wanted", "", "rounds"]);
  for (const { title, median, atLeast, atMost, reached, values } of figuresOf(rounds)) {
    const wanted = atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : "";
    figures.push([title, figure(median), wanted, wanted && (reached ? "yes" : "NO"), values.map(figure).join(" ")]);
  }
  const { cpus, model, memoryGiB, node } = machine();
  const title = `${events} events a round, ${rounds.length} rounds, on ${cpus} × ${model}, ${memoryGiB} GiB, Node ${node}`;
  const note = "(!): the load generator was the bottleneck, and the suite may do better.";
  return [title, rates, note, costs, memory, figures].join("\n");
}

/** What a long overload came to, as a table. */
export function soakReportOf({ minutes, events, refusals, memory }: Soak): string {
  const parts = Object.keys(memory);
  const peaks = table(["peak MiB in minute", ...parts]);
  for (let minute = 0; minute < minutes; minute++)
    peaks.push([minute + 1, ...parts.map((part) => memory[part]![minute]!)]);
  const told = `${refusals} requests refused by the full queue and sent again`;
  return [`${minutes} minutes of overload: ${events} events accepted, each stored once; ${told}`, peaks].join("\n");
}

const whole = (value: number) => (Number.isFinite(value) ? String(Math.round(value)) : "");
const tenth = (value: number) => (Number.isFinite(value) && value > 0 ? value.toFixed(1) : "");
const figure = (value: number) => (value >= 10 ? value.toFixed(0) : value.toFixed(2));

import { cpus, totalmem } from "node:os";
import Table from "cli-table3";
import type { Measurement } from "./measure.ts";
import type { Round } from "./round.ts";

/** Above this share of its time the load generator, and not the suite, set the pace. */
const BOTTLENECK = 0.95;
const MEMORY_MIB = 400;

/** A figure that is to be reached. */
interface Wanted {
  title: string;
  of: (round: Round) => number;
  atLeast?: number;
  atMost?: number;
}

const WANTED: Wanted[] = [
  { title: "gRPC batches, counted ÷ raw COPY", of: ({ batches, rawCopy }) => batches.counted! / rawCopy, atLeast: 0.6 },
  { title: "gRPC batches, stored alone ÷ raw COPY", of: ({ storing, rawCopy }) => storing / rawCopy, atLeast: 0.85 },
  {
    title: "gRPC batches, accepted ÷ raw JetStream",
    of: ({ batches, jetStream }) => batches.accepted / jetStream.accepted,
  },
  {
    title: "gRPC stream, counted ÷ gRPC batches",
    of: ({ stream, batches }) => stream.counted! / batches.counted!,
    atLeast: 0.5,
  },
  {
    title: "JSON batches, counted ÷ gRPC batches",
    of: ({ jsonBatches, batches }) => jsonBatches.counted! / batches.counted!,
    atLeast: 0.6,
  },
  {
    title: "gRPC unary ÷ grpc-js echo",
    of: ({ unary, unaryEcho }) => unary.accepted / unaryEcho.accepted,
    atLeast: 0.6,
  },
  { title: "gRPC unary p99 ÷ grpc-js echo p99", of: ({ unary, unaryEcho }) => unary.p99 / unaryEcho.p99, atMost: 3 },
  {
    title: "JSON single ÷ connect-node echo",
    of: ({ jsonSingle, jsonEcho }) => jsonSingle.accepted / jsonEcho.accepted,
    atLeast: 0.8,
  },
  { title: "largest process, MiB", of: largest, atMost: MEMORY_MIB },
];

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

/** The median of each figure that is to be reached, with its limit and all rounds. */
export function summaryOf(rounds: Round[]) {
  return WANTED.map(({ title, of, atLeast, atMost }) => {
    const values = rounds.map(of);
    const median = medianOf(values);
    return {
      title,
      median,
      atLeast,
      atMost,
      reached: median >= (atLeast ?? 0) && median <= (atMost ?? Infinity),
      values,
    };
  });
}

/** Where it was measured. */
export function machine() {
  const [cpu] = cpus();
  return {
    cpus: cpus().length,
    model: cpu?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    date: new Date().toISOString(),
  };
}

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
  for (const { title, median, atLeast, atMost, reached, values } of summaryOf(rounds)) {
    const wanted = atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : "";
    figures.push([title, figure(median), wanted, wanted && (reached ? "yes" : "NO"), values.map(figure).join(" ")]);
  }
  const { cpus, model, memoryGiB, node } = machine();
  const title = `${events} events a round, ${rounds.length} rounds, on ${cpus} × ${model}, ${memoryGiB} GiB, Node ${node}`;
  const note = "(!): the load generator was the bottleneck, and the suite may do better.";
  return [title, rates, note, costs, memory, figures].join("\n");
}

function largest(round: Round): number {
  return Math.max(...WAYS.flatMap((way) => Object.values(round[way].memory)));
}

function medianOf(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const whole = (value: number) => (Number.isFinite(value) ? String(Math.round(value)) : "");
const tenth = (value: number) => (Number.isFinite(value) && value > 0 ? value.toFixed(1) : "");
const figure = (value: number) => (value >= 10 ? value.toFixed(0) : value.toFixed(2));

/** A table without lines between its rows, with numbers to the right. */
function table(head: string[]) {
  const style = { head: [], border: [], compact: true };
  return new Table({ head, style, colAligns: head.map((_, column) => (column === 0 ? "left" : "right")) });
}

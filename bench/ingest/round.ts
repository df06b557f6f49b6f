import type { Job } from "./jobs.ts";
import { type Measurement, measureAlone, measureStoring, measureSuite } from "./measure.ts";
import { measureRawCopy } from "./raw-copy.ts";
import { makeRawStream } from "./raw-stream.ts";
import type { Measured } from "./test-suite.ts";

/** How many events a batch has. */
export const BATCH = 500;
/** How many batches are under way. */
export const BATCHES = 8;
/** How many single calls are. */
const SINGLE = 64;
/** How many messages of a stream. */
const MESSAGES = 1024;

/** Everything, measured once. */
export type Round = Record<
  "batches" | "stream" | "unary" | "unaryEcho" | "jsonBatches" | "jsonSingle" | "jsonEcho" | "jetStream",
  Measurement
> & {
  /** Rows a second by COPY alone, and by the suite while sessions and aggregation stand still. */
  rawCopy: number;
  storing: number;
};

/** Measures everything once; what is compared stands side by side. */
export async function measureRound(measured: Measured, events: number): Promise<Round> {
  const { suite, token, echoPorts, manager } = measured;
  const ingest = { address: `127.0.0.1:${suite.ports.ingest}`, certificates: suite.certificates };
  const echo = { ...ingest, address: `127.0.0.1:${echoPorts.grpcPort}` };
  const url = `${suite.urls.gateway}/v1/events`;
  const echoUrl = `http://127.0.0.1:${echoPorts.httpPort}/ocellus.ingest.v1.IngestService/TrackEvent`;
  const some = Math.ceil(events / 2);
  const few = Math.ceil(events / 8);
  const batchJob: Job = { kind: "gRPC batches", events, perCall: BATCH, inFlight: BATCHES, ...ingest };

  const batches = await measureSuite(measured, batchJob);
  const rawCopy = await measureRawCopy(measured);
  const { rate: storing } = await measureStoring(measured, batchJob, ["sessions", "aggregation"]);
  const jsonBatches = await measureSuite(measured, {
    kind: "JSON batches",
    events: some,
    perCall: BATCH,
    inFlight: BATCHES,
    url,
    token,
  });
  const stream = await measureSuite(measured, {
    kind: "gRPC stream",
    events: some,
    inFlight: MESSAGES,
    ...ingest,
  });
  const unary = await measureSuite(measured, { kind: "gRPC unary", events: few, inFlight: SINGLE, ...ingest });
  const unaryEcho = await measureAlone(measured, { kind: "gRPC unary", events: few, inFlight: SINGLE, ...echo });
  const jsonSingle = await measureSuite(measured, {
    kind: "JSON single",
    events: few,
    inFlight: SINGLE,
    url,
    token,
    wrapped: false,
  });
  const jsonEcho = await measureAlone(measured, {
    kind: "JSON single",
    events: few,
    inFlight: SINGLE,
    url: echoUrl,
    token,
    wrapped: true,
  });
  await makeRawStream(manager);
  const jetStream = await measureAlone(measured, {
    kind: "JetStream",
    events,
    perCall: BATCH,
    inFlight: BATCHES,
    url: suite.urls.nats,
    certificates: suite.certificates,
  });
  return { batches, rawCopy, storing, jsonBatches, stream, unary, unaryEcho, jsonSingle, jsonEcho, jetStream };
}

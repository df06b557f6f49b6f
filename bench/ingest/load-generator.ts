// A process of its own: takes jobs from its parent, one after another, and answers what it saw.
import { AckedPublisher } from "@ocellus/runtime/acked-publisher.ts";
import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import { encodedRequests, jsonBodies } from "./events.ts";
import { call, openClient, requireAllAccepted, streamAll } from "./grpc-load.ts";
import { sendAll } from "./in-flight.ts";
import type { Job, JobResult } from "./jobs.ts";
import { Poster, requireAllTaken } from "./json-load.ts";
import { RAW_SUBJECT } from "./raw-stream.ts";
import { Retries } from "./retry.ts";

const WITHIN_MS = 10_000;

process.on("message", async (job: Job) => {
  try {
    process.send!({ result: await run(job) });
  } catch (error) {
    process.send!({ error: (error as Error).stack });
  }
});

async function run(job: Job): Promise<JobResult> {
  switch (job.kind) {
    case "gRPC batches":
    case "gRPC unary":
    case "gRPC stream":
      return sendGrpc(job);
    case "JSON batches":
    case "JSON single":
      return postJson(job);
    case "JetStream":
      return publish(job);
  }
}

async function sendGrpc(job: Extract<Job, { address: string }>): Promise<JobResult> {
  const requests =
    job.kind === "gRPC batches" ? encodedRequests(job.events, job.perCall, job.spread) : encodedRequests(job.events, 1);
  const client = openClient(job.address, job.certificates);
  const retries = new Retries();
  const batch = async (request: Buffer) => {
    const answer = await call(client, "BatchTrackEvents", request);
    if (job.searched) requireAllAccepted(answer);
  };
  const single = async (request: Buffer) => void (await call(client, "TrackEvent", request));
  const send = job.kind === "gRPC batches" ? batch : single;
  try {
    await new Promise<void>((resolve, reject) =>
      client.waitForReady(Date.now() + WITHIN_MS, (error) => (error ? reject(error) : resolve())),
    );
    return await timed(job, retries, () =>
      job.kind === "gRPC stream"
        ? streamAll(client, requests, job.inFlight)
        : sendAll(requests, job.inFlight, (request) => retries.until(() => send(request))),
    );
  } finally {
    client.close();
  }
}

async function postJson(job: Extract<Job, { kind: "JSON batches" | "JSON single" }>): Promise<JobResult> {
  const bodies = jsonBodies(job);
  const poster = new Poster(job.url, job.token, job.inFlight);
  const retries = new Retries();
  const post = async (body: Buffer) => {
    const answer = await poster.post(body);
    if (job.searched && job.kind === "JSON batches") requireAllTaken(answer);
  };
  try {
    return await timed(job, retries, () => sendAll(bodies, job.inFlight, (body) => retries.until(() => post(body))));
  } finally {
    await poster.close();
  }
}

async function publish(job: Extract<Job, { kind: "JetStream" }>): Promise<JobResult> {
  const payloads = encodedRequests(job.events, job.perCall);
  const connection = await connectOperator(job.url, job.certificates);
  const publisher = new AckedPublisher(connection, WITHIN_MS);
  try {
    return await timed(job, new Retries(), () =>
      sendAll(payloads, job.inFlight, (payload) => publisher.publish(RAW_SUBJECT, payload)),
    );
  } finally {
    await connection.close();
  }
}

async function timed({ events }: Job, retries: Retries, work: () => Promise<Float64Array>): Promise<JobResult> {
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const start = performance.now();
  const times = (await work()).sort();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? 0;
  return {
    start: performance.timeOrigin + start,
    seconds,
    events,
    refusals: retries.count,
    p50: at(0.5),
    p99: at(0.99),
    cpuSeconds: (user + system) / 1e6,
    busy: performance.eventLoopUtilization(loop).utilization,
  };
}

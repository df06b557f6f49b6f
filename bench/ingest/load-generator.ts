// A process of its own: takes jobs from its parent, and answers what it saw.
import { AckedPublisher } from "@ocellus/runtime/acked-publisher.ts";
import { connect } from "nats";
import { encodedRequests, makeEvents } from "./events.ts";
import { callAll, openClient, streamAll } from "./grpc-load.ts";
import { sendAll } from "./in-flight.ts";
import type { Job, JobResult } from "./jobs.ts";
import { postAll } from "./json-load.ts";
import { RAW_SUBJECT } from "./raw-stream.ts";

const ACKNOWLEDGED_WITHIN_MS = 10_000;

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
      return overGrpc(job, job.perCall, (client, requests) =>
        callAll(client, "BatchTrackEvents", requests, job.inFlight),
      );
    case "gRPC unary":
      return overGrpc(job, 1, (client, requests) => callAll(client, "TrackEvent", requests, job.inFlight));
    case "gRPC stream":
      return overGrpc(job, job.perMessage, (client, requests) => streamAll(client, requests, job.inFlight));
    case "JSON batches": {
      const events = makeEvents(job.events);
      const count = Math.ceil(job.events / job.perCall);
      const bodies = Array.from({ length: count }, (_, index) =>
        Buffer.from(JSON.stringify(events.slice(index * job.perCall, (index + 1) * job.perCall))),
      );
      return timed(job, () => postAll(job.url, bodies, job.inFlight));
    }
    case "JSON single": {
      const bodies = makeEvents(job.events).map((event) =>
        Buffer.from(JSON.stringify(job.wrapped ? { event } : event)),
      );
      return timed(job, () => postAll(job.url, bodies, job.inFlight));
    }
    case "JetStream": {
      const payloads = encodedRequests(job.events, job.perCall);
      const connection = await connect({ servers: job.url });
      const publisher = new AckedPublisher(connection, ACKNOWLEDGED_WITHIN_MS);
      const result = await timed(job, () =>
        sendAll(payloads, job.inFlight, (payload) => publisher.publish(RAW_SUBJECT, payload)),
      );
      await connection.close();
      return result;
    }
  }
}

async function overGrpc(
  job: Extract<Job, { address: string }>,
  perRequest: number,
  send: (client: ReturnType<typeof openClient>, requests: Buffer[]) => Promise<Float64Array>,
): Promise<JobResult> {
  const requests = encodedRequests(job.events, perRequest);
  const client = openClient(job.address, job.certificates);
  try {
    await new Promise<void>((resolve, reject) =>
      client.waitForReady(Date.now() + 10_000, (error) => (error ? reject(error) : resolve())),
    );
    return await timed(job, () => send(client, requests));
  } finally {
    client.close();
  }
}

async function timed({ events }: Job, work: () => Promise<Float64Array>): Promise<JobResult> {
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const start = performance.now();
  const times = await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const sorted = times.toSorted();
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return {
    start: performance.timeOrigin + start,
    seconds,
    events,
    p50: at(0.5),
    p99: at(0.99),
    cpuSeconds: (user + system) / 1e6,
    busy: performance.eventLoopUtilization(loop).utilization,
  };
}

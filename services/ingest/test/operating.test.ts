import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed([]);
});
afterAll(() => bed.stop());

const health = (path: string) => fetch(`http://127.0.0.1:${bed.ports.ingestHealth}${path}`);

test("a service that is told to stop lets running calls end, and ends without an error", async () => {
  const service = await bed.start("ingest");
  const ingest = bed.client("ingest", IngestService);
  const answers: number[] = [];
  async function* batches() {
    yield { events: [{ name: "before" }] };
    await eventually(async () => (answers.length === 1 ? true : undefined));
    const stopped = service.stop("SIGTERM");
    await eventually(async () => ((await health("/readyz").catch(() => undefined))?.status === 503 ? true : undefined));
    yield { events: [{ name: "while stopping" }, { name: "while stopping" }] };
    exitCode = stopped;
  }
  let exitCode: Promise<number> | undefined;
  for await (const { results } of ingest.streamEvents(batches())) answers.push(results.length);
  expect(answers).toEqual([1, 2]);
  expect(await exitCode).toBe(0);
});

test("what was accepted before a crash is stored after it", async () => {
  const service = await bed.start("ingest");
  const ingest = bed.client("ingest", IngestService);
  const { event } = await ingest.trackEvent({ event: { name: "before the crash" } });
  await service.stop("SIGKILL");
  await bed.start("ingest");
  const events = bed.client("ingest", EventService);
  const { event: stored } = await eventually(() => events.getEvent({ id: event!.id }));
  expect(stored).toEqual(event);
});

test("while NATS is gone events are refused and the service is not ready; when it is back both are as before", async () => {
  await bed.start("ingest");
  const ingest = bed.client("ingest", IngestService);
  await ingest.trackEvent({ event: { name: "before" } });
  await bed.nats.stop("SIGKILL");
  await eventually(async () => ((await health("/readyz")).status === 503 ? true : undefined));
  expect(await (await health("/readyz")).text()).toContain("NATS");
  const error = await errorOf(ingest.trackEvent({ event: { name: "meanwhile" } }));
  expect(error).toMatchObject({ code: status.UNAVAILABLE, reason: "QUEUE_UNAVAILABLE" });
  expect(error.message).toMatch(/id "[0-9a-f-]{36}", timestamp "/);
  await bed.restartNats();
  await eventually(async () => ((await health("/readyz")).status === 200 ? true : undefined));
  const { event } = await ingest.trackEvent({ event: { name: "after" } });
  const events = bed.client("ingest", EventService);
  expect((await eventually(() => events.getEvent({ id: event!.id }))).event).toEqual(event);
});

test("a service without its environment says everything that is missing, and ends", async () => {
  await expect(bed.start("ingest", { DATABASE_URL: "mysql://x", NATS_URL: "" })).rejects.toThrow(
    /DATABASE_URL cannot be \\?"mysql:\/\/x(.|\n)*NATS_URL/,
  );
});

test("metrics count what was accepted, and refused by reason", async () => {
  await bed.start("ingest");
  const ingest = bed.client("ingest", IngestService);
  await ingest.batchTrackEvents({ events: [{ name: "good" }, { name: "good" }, { name: "" }] });
  const metrics = await (await health("/metrics")).text();
  expect(metrics).toContain("ocellus_events_accepted_total 2\n");
  expect(metrics).toContain('ocellus_events_refused_total{reason="INVALID_EVENT"} 1\n');
});

import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { signalAll } from "../../../test/support/signal-all.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

const MIB = 1024 * 1024;
let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let errors: ServiceClient<typeof EventErrorService>;

beforeAll(async () => {
  bed = await startTestBed([], {
    EVENT_ERRORS_MAX_BYTES: String(MIB),
    EVENT_ERRORS_QUEUE_MAX_BYTES: String(MIB),
    EVENT_ERRORS_KEEP: "7d",
  });
  await bed.query(`
    insert into ingest.event_errors (id, payload, message, create_time) values
      (gen_random_uuid(), 'old', 'old', now() - interval '8 days'),
      (gen_random_uuid(), 'young', 'young', now() - interval '6 days')`);
  await bed.start("ingest");
  ingest = bed.client("ingest", IngestService);
  errors = bed.client("ingest", EventErrorService);
});
afterAll(() => bed.stop());

/** The value of a metric, the sum of those with any other labels. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${bed.ports.ingestHealth}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** Waits until a metric has a value. What is counted is so after it is done. */
const untilMetric = (name: string, value: number) =>
  eventually(async () => {
    expect({ [name]: await metric(name) }).toEqual({ [name]: value });
    return true;
  });

/** Refuses events of about 30 kB, each of which is kept with its payload and the event: 60 kB. */
async function refuseLarge(namespace: string, count: number): Promise<void> {
  for (let value = 0; value < count; value++) {
    await errorOf(ingest.trackEvent({ event: { namespace, name: "", value, data: { text: "x".repeat(30_000) } } }));
  }
}

test("errors that are older than they are kept are deleted, and counted", async () => {
  const left = await eventually(async () => {
    const rows = await bed.query<{ message: string }>("select message from ingest.event_errors");
    return rows.length < 2 ? rows : undefined;
  });
  expect(left).toEqual([{ message: "young" }]);
  await untilMetric('ocellus_event_errors_deleted_total{cause="age"}', 1);
});

test("a flood of bad events does not fill the store: the oldest go, and are counted", async () => {
  await refuseLarge("flood", 40);
  await eventually(async () => {
    const { eventErrors } = await errors.listEventErrors({ namespace: "flood", pageSize: 1 });
    // Only where nothing more comes it is known that nothing more goes.
    const [total] = await bed.query<{ bytes: string }>("select bytes from ingest.event_error_totals");
    return (eventErrors[0]?.event?.value === 39 && Number(total!.bytes) <= MIB) || undefined;
  });
  const { eventErrors } = await errors.listEventErrors({ namespace: "flood" });
  const values = eventErrors.map(({ event }) => event?.value);
  expect(values.length).toBeGreaterThan(10);
  expect(values).toEqual(values.map((_, index) => 39 - index));
  const [row] = await bed.query<{ noted: string; found: string }>(`
    select (select bytes from ingest.event_error_totals) as noted,
      (select sum(ingest.event_error_bytes(payload, event, status)) from ingest.event_errors) as found`);
  expect(row!.noted).toBe(row!.found);
  expect(Number(row!.found)).toBeLessThanOrEqual(MIB);
  await untilMetric('ocellus_event_errors_deleted_total{cause="bound"}', 41 - values.length);
  await untilMetric('ocellus_event_errors_kept_total{reason="INVALID_EVENT"}', 40);
});

test("what a full stream threw away before it was kept is counted, and the newest is kept", async () => {
  const before = await metric('ocellus_event_errors_kept_total{reason="INVALID_EVENT"}');
  const release = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const lock = withConnection(bed.adminUrl, async (client) => {
    await client.query("begin; lock table ingest.event_errors in access exclusive mode");
    locked.resolve();
    await release.promise;
    await client.query("commit");
  });
  await locked.promise;
  const COUNT = 120;
  await Promise.all(Array.from({ length: 20 }, (_, index) => refuseLarge(`overflow ${index}`, COUNT / 20)));
  await errorOf(ingest.trackEvent({ event: { namespace: "overflowed", name: "" } }));
  release.resolve();
  await lock;
  await eventually(async () => {
    const { eventErrors } = await errors.listEventErrors({ namespace: "overflowed" });
    return eventErrors.length === 1 ? true : undefined;
  });
  const dropped = await eventually(async () => {
    const count = await metric("ocellus_event_errors_dropped_messages");
    const kept = (await metric('ocellus_event_errors_kept_total{reason="INVALID_EVENT"}')) - before;
    expect({ count, kept, sum: count + kept }).toMatchObject({ sum: COUNT + 1 });
    return count;
  });
  expect(dropped).toBeGreaterThan(0);
});

test("while NATS is gone or frozen a refusal is answered as ever, and counted as lost", async () => {
  const refuse = async () => {
    const start = performance.now();
    const error = await errorOf(ingest.trackEvent({ event: { namespace: "lost", name: "" } }));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "INVALID_EVENT", fields: ["event.name"] });
    return performance.now() - start;
  };
  await refuse();
  // NATS may not have confirmed in time what was refused before.
  const before = await metric("ocellus_event_errors_lost_total");
  signalAll(bed.nats.pid(), "STOP");
  expect(await refuse()).toBeLessThan(5000);
  await bed.nats.stop("SIGKILL");
  await eventually(async () => {
    const ready = await fetch(`http://127.0.0.1:${bed.ports.ingestHealth}/readyz`);
    return ready.status === 503 ? true : undefined;
  });
  expect(await refuse()).toBeLessThan(5000);
  await untilMetric("ocellus_event_errors_lost_total", before + 2);
});

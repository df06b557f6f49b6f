import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { Transport } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import type { CallContext } from "@ocellus/runtime/handlers.ts";
import { register } from "prom-client";
import { fetch } from "../../../test/support/fetch-with-token.ts";
import { echo, type Seen } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";

const seen: Seen = { requests: [], kept: [], cancelled: Promise.withResolvers() };
const told: (string | undefined)[] = [];
let bed: GatewayBed;
/** What the service does when it is asked to keep refusals. */
let keeping: () => Promise<void> = async () => {};

beforeAll(async () => {
  const behind = echo(seen);
  const note = ({ caller }: CallContext) => {
    const { told: toldBy } = caller();
    told.push(["refusals", "transport", "address", "senders"].map((key) => toldBy(`ocellus-${key}`) ?? "-").join(" "));
  };
  bed = await startGateway({
    ...behind,
    ingest: {
      ...behind.ingest,
      trackEvent: (request, context) => {
        note(context);
        return behind.ingest.trackEvent(request, context);
      },
      batchTrackEvents: (request, context) => {
        note(context);
        return behind.ingest.batchTrackEvents(request, context);
      },
    },
    errors: {
      ...behind.errors,
      recordEventErrors: async (request, context) => {
        await keeping();
        return behind.errors.recordEventErrors(request, context);
      },
    },
  });
});
afterAll(() => bed.stop());
afterEach(() => {
  seen.kept.length = 0;
  told.length = 0;
  keeping = async () => {};
});

const post = (path: string, body: string | Buffer, type = "application/json") =>
  fetch(bed.url + path, { method: "POST", headers: { "content-type": type }, body });

async function lostCount(): Promise<number> {
  const metric = await register.getSingleMetric("ocellus_gateway_event_errors_lost_total")!.get();
  return metric.values[0]?.value ?? 0;
}

test("a refusal is kept before it is answered", async () => {
  expect((await post("/v1/events", '{"name": ""}')).status).toBe(400);
  expect(seen.kept).toMatchObject([{ event: { name: "" }, source: { transport: Transport.REST } }]);
  expect(Buffer.from(seen.kept[0]!.rawPayload).toString()).toBe('{"name": ""}');
});

test.each([
  ["fails", () => Promise.reject(new Error("a fault"))],
  ["hangs", () => new Promise<never>(() => {})],
])("a refusal is answered as ever, and counted as lost, where keeping it %s", async (_, fault) => {
  keeping = fault;
  const lost = await lostCount();
  const start = performance.now();
  const answer = await post("/v1/events", '{"name": ""');
  expect(performance.now() - start).toBeLessThan(10_000);
  expect(answer.status).toBe(400);
  expect(await lostCount()).toBe(lost + 1);
});

test("what may be accepted when it is sent again is not kept", async () => {
  expect((await post("/v1/events", '{"name":"full"}')).status).toBe(429);
  expect(seen.kept).toEqual([]);
});

test("what is no call with events is not kept", async () => {
  expect((await post("/v1/sessions", '{"id":')).status).toBe(400);
  expect((await post("/v1/nowhere", "{")).status).toBe(404);
  expect(seen.kept).toEqual([]);
});

test("a service is told who keeps the refusals, or else who sent them, and whether each event has a sender of its own", async () => {
  const path = "/ocellus.ingest.v1.IngestService/TrackEvent";
  await post("/v1/events", '{"name":"a"}');
  await post("/v1/events", '{"name":"a","value":"1"}');
  await post("/v1/events", '[{"name":"a"}]');
  await post(path, '{"event":{"name":"a"}}');
  await post(path, Buffer.from([0x0a, 0x00]), "application/proto");
  expect(told).toEqual([
    "kept-by-caller - - one-for-each",
    "kept-by-caller - - -",
    "kept-by-caller - - -",
    "kept-by-caller - - -",
    "- CONNECT 127.0.0.1 -",
  ]);
});

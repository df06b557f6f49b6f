import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceName } from "@ocellus/suite/service-process.ts";
import { Watch } from "../services/ingest/test/watch.ts";
import { documentedMetrics } from "./support/documented-metrics.ts";
import { eventually } from "./support/eventually.ts";
import { fetch } from "./support/fetch-with-token.ts";
import { type Exposition, parseExposition } from "./support/parse-exposition.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

const SERVICES = ["ingest", "sessions", "aggregation", "gateway"] as const;
let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed([...SERVICES]);
});
afterAll(() => bed?.stop());

async function scrape(service: ServiceName): Promise<Exposition> {
  const response = await fetch(`http://127.0.0.1:${bed.ports[`${service}Health`]}/metrics`);
  expect(response.status).toBe(200);
  return parseExposition(await response.text());
}

/** The value of a series once it is told and fits. */
const value = (service: ServiceName, series: string, fits = (value: number) => value > 0) =>
  eventually(async () => {
    const found = (await scrape(service)).series.get(series);
    return found !== undefined && fits(found) ? found : undefined;
  });

describe("after an event came by the gateway", () => {
  beforeAll(async () => {
    const body = JSON.stringify({ namespace: "shop", name: "pageview", personId: "ann" });
    const headers = { "content-type": "application/json" };
    expect((await fetch(`${bed.url}/v1/events`, { method: "POST", headers, body })).status).toBe(201);
    // Readings are held for a while: the first one is to see the session.
    await eventually(async () => {
      const sessions = await (await fetch(`${bed.url}/v1/sessions?personId=ann`)).text();
      return sessions.includes("SESSION_STATE_OPEN") || undefined;
    });
    await fetch(`${bed.url}/v1/events/no-such-id`);
    await fetch(`${bed.url}/no/such/path`);
    const refused = bed.client("ingest", IngestService).trackEvent({ event: { name: "" } });
    await expect(refused).rejects.toThrow("INVALID_ARGUMENT");
    await (await Watch.start(bed.client("ingest", EventService), {})).stop();
  });

  const track = 'grpc_service="ocellus.ingest.v1.IngestService",grpc_method="BatchTrackEvents"';
  const route = (status: number, path: string, method: string) =>
    `http_server_request_duration_seconds_count{http_request_method="${method}",http_route="${path}",http_response_status_code="${status}",protocol="rest"}`;
  test.each<[ServiceName, string]>([
    ["gateway", route(201, "/v1/events", "POST")],
    ["gateway", route(400, "/v1/events/{id}", "GET")],
    ["gateway", route(404, "none", "GET")],
    ["gateway", 'ocellus_dependency_reachable{dependency="postgresql"}'],
    ["ingest", `grpc_server_started_total{grpc_type="unary",${track}}`],
    ["ingest", `grpc_server_handled_total{grpc_type="unary",${track},grpc_code="OK"}`],
    ["ingest", `grpc_server_handling_seconds_count{grpc_type="unary",${track}}`],
    ["ingest", `grpc_server_handling_seconds_bucket{grpc_type="unary",${track},le="+Inf"}`],
    [
      "ingest",
      'grpc_server_handled_total{grpc_type="unary",grpc_service="ocellus.ingest.v1.IngestService",grpc_method="TrackEvent",grpc_code="InvalidArgument"}',
    ],
    [
      "ingest",
      'grpc_server_handled_total{grpc_type="server_stream",grpc_service="ocellus.ingest.v1.EventService",grpc_method="WatchEvents",grpc_code="Canceled"}',
    ],
    ["ingest", 'ocellus_events_refused_total{reason="INVALID_EVENT"}'],
    ["ingest", "ocellus_events_accepted_total"],
    ["ingest", "ocellus_events_stored_total"],
    ["ingest", 'ocellus_stream_limit_bytes{stream="EVENT_CHANGES"}'],
    ["ingest", "ocellus_event_errors_limit_bytes"],
    ["ingest", 'ocellus_dependency_reachable{dependency="nats"}'],
    ["sessions", "ocellus_sessions_open"],
    ["sessions", "ocellus_events_sessionised_total"],
    ["aggregation", "ocellus_events_counted_total"],
    ["aggregation", "ocellus_rollup_watermark_age_seconds"],
  ])("%s tells %s", async (service, series) => {
    expect(await value(service, series)).toBeGreaterThan(0);
  });

  test("nothing is left in streams, consumers, and the outbox", async () => {
    const isNothing = (value: number) => value === 0;
    for (const series of [
      'ocellus_stream_messages{stream="EVENTS"}',
      'ocellus_stream_bytes{stream="EVENTS"}',
      'ocellus_stream_oldest_message_age_seconds{stream="EVENT_CHANGES"}',
      'ocellus_consumer_pending_messages{stream="EVENTS",consumer="store-events"}',
      'ocellus_consumer_unacknowledged_messages{stream="EVENT_CHANGES",consumer="mark-buckets"}',
      "ocellus_outbox_messages",
    ]) {
      expect(await value("ingest", series, isNothing)).toBe(0);
    }
  });
});

test("what waits is told, with how long it has", async () => {
  await bed.services.get("sessions")!.stop();
  const body = JSON.stringify({ namespace: "shop", name: "pageview", personId: "ann" });
  await fetch(`${bed.url}/v1/events`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const pending = 'ocellus_consumer_pending_messages{stream="EVENT_CHANGES",consumer="extend-sessions"}';
  expect(await value("ingest", pending)).toBe(1);
  expect(await value("ingest", 'ocellus_stream_oldest_message_age_seconds{stream="EVENT_CHANGES"}')).toBeGreaterThan(0);
  await bed.start("sessions");
});

test("without NATS metrics are told all the same, but for what NATS alone knows", async () => {
  await bed.nats.stop("SIGKILL");
  await value("ingest", 'ocellus_dependency_reachable{dependency="nats"}', (reachable) => reachable === 0);
  const { series } = await eventually(async () => {
    const exposition = await scrape("ingest");
    const names = [...exposition.series.keys()];
    if (!names.includes("ocellus_outbox_messages")) return undefined;
    return names.some((name) => name.startsWith("ocellus_stream_")) ? undefined : exposition;
  });
  expect([...series.keys()].filter((name) => name.startsWith("ocellus_consumer_"))).toEqual([]);
  expect(series.get("ocellus_events_accepted_total")).toBeGreaterThan(0);
  await bed.restartNats();
});

test("each service exposes the metrics that docs/metrics.md lists, with these types, labels and words", async () => {
  await fetch(`${bed.url}/v1/events?namespace=shop`);
  const exposed = new Map<string, { type: string; help: string; labels: Set<string>; services: string[] }>();
  for (const service of SERVICES) {
    for (const [name, { type, help, labels }] of (await scrape(service)).metrics) {
      const metric = exposed.get(name) ?? { type, help, labels: new Set(), services: [] };
      exposed.set(name, metric);
      expect({ name, type, help }).toEqual({ name, type: metric.type, help: metric.help });
      metric.services.push(service);
      for (const label of labels) metric.labels.add(label);
    }
  }
  const documented = documentedMetrics();
  // Of other systems prom-client knows less.
  if (process.platform !== "linux")
    for (const name of documented.keys())
      if (name.startsWith("process_") && !exposed.has(name)) documented.delete(name);
  const rows = [...exposed].map(([name, { type, help, labels, services }]) => {
    const known = documented.get(name)?.labels ?? [];
    const of = services.length === SERVICES.length ? "all" : services.join(", ");
    // One without a series has no labels to be seen.
    return [name, { type, of, labels: labels.size > 0 ? [...labels].sort() : known, help }] as const;
  });
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(documented));
});

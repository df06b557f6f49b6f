import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { eventually } from "./support/eventually.ts";
import { fetch } from "./support/fetch-with-token.ts";
import { holdUpStoring } from "./support/hold-up-storing.ts";
import { OtlpReceiver, type ToldSpan } from "./support/otlp-receiver.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

const MARK = `mark${randomUUID().slice(0, 8)}`;
const receiver = new OtlpReceiver();
let bed: TestBed;

beforeAll(async () => {
  await receiver.start();
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"], {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: "api-key=for%20traces",
  });
});
afterAll(async () => {
  await bed?.stop();
  await receiver.stop();
});

/** A caller's own span. */
const callerSpan = (flags = "01") => {
  const [traceId, spanId] = [randomBytes(16).toString("hex"), randomBytes(8).toString("hex")];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
};

async function post(path: string, body: object, traceparent?: string): Promise<number> {
  const headers = { "content-type": "application/json", ...(traceparent && { traceparent }) };
  const response = await fetch(bed.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  await response.text();
  return response.status;
}

const event = (more: object = {}) => ({
  name: `${MARK}-name`,
  namespace: `${MARK}-namespace`,
  personId: `${MARK}-person`,
  data: { [`${MARK}-key`]: `${MARK}-value` },
  ...more,
});

/** The spans of a trace, once the last service of an event's way has told its own. */
const wholeTrace = (traceId: string) =>
  eventually(async () => {
    const spans = receiver.ofTrace(traceId);
    const names = spans.map(({ name }) => name);
    const ends = ["POST /v1/events", "process store-events", "process extend-sessions", "process mark-buckets"];
    return [...ends, "send EVENT_CHANGES"].every((name) => names.includes(name)) ? spans : undefined;
  });

/** Each span as `service: name`, with all that are below it. */
type Tree = { [span: string]: Tree };
function treeOf(spans: ToldSpan[], parentId: string): Tree {
  const below = spans.filter((span) => span.parentId === parentId);
  return Object.fromEntries(below.map(({ service, name, spanId }) => [`${service}: ${name}`, treeOf(spans, spanId)]));
}

/** Whether a span is a part of another, or has a link to it. */
const leadsFrom = ({ spanId }: ToldSpan, { parentId, links }: ToldSpan) =>
  parentId === spanId || links.some((link) => link.spanId === spanId);

describe("where a collector is named", () => {
  test("one event is one trace: from its caller by the gateway, ingest, the queue and the table to its session and its aggregates", async () => {
    const caller = callerSpan();
    expect(await post("/v1/events", event(), caller.traceparent)).toBe(201);
    const spans = await wholeTrace(caller.traceId);
    const track = "ocellus.ingest.v1.IngestService/BatchTrackEvents";
    expect(treeOf(spans, caller.spanId)).toEqual({
      "ocellus-gateway: POST /v1/events": {
        "ocellus-gateway: share a call": {
          [`ocellus-gateway: ${track}`]: {
            [`ocellus-ingest: ${track}`]: {
              "ocellus-ingest: send EVENTS": {
                "ocellus-ingest: process store-events": {
                  "ocellus-ingest: send EVENT_CHANGES": {
                    "ocellus-sessions: process extend-sessions": {},
                    "ocellus-aggregation: process mark-buckets": {},
                  },
                },
              },
            },
          },
        },
      },
    });
    const [door] = spans.filter(({ name }) => name === "POST /v1/events");
    expect(door).toMatchObject({
      kind: 2,
      failed: false,
      attributes: { "http.request.method": "POST", "http.route": "/v1/events", "http.response.status_code": 201 },
    });
  });

  test("what shares a message or a transaction is one span, with a link to each request", async () => {
    const callers = Array.from({ length: 8 }, () => callerSpan());
    const release = await holdUpStoring(bed);
    for (const { traceparent } of callers) expect(await post("/v1/events", event(), traceparent)).toBe(201);
    await release();
    const sends = await eventually(async () => {
      const found = callers.flatMap(({ traceId }) =>
        receiver.ofTrace(traceId).filter(({ name }) => name === "send EVENTS"),
      );
      return found.length === callers.length ? found : undefined;
    });
    const storing = await eventually(async () => {
      const found = receiver.spans.filter(({ name }) => name === "process store-events");
      return sends.every((send) => found.some((span) => leadsFrom(send, span))) ? found : undefined;
    });
    const shared = storing.filter(({ links }) => links.length > 0);
    expect(shared.length).toBeGreaterThan(0);
    for (const { parentId, traceId, attributes, links } of shared) {
      expect(parentId).toBe("");
      expect(attributes["messaging.batch.message_count"]).toBe(links.length);
      // It is a trace of its own, that goes on.
      await eventually(async () => {
        const [announced] = receiver.ofTrace(traceId).filter(({ name }) => name === "send EVENT_CHANGES");
        const marking = receiver.spans.filter(({ name }) => name === "process mark-buckets");
        return (announced && marking.some((span) => leadsFrom(announced, span))) || undefined;
      });
    }
  });

  test("a caller by gRPC, too, gets a part of its trace, and what is refused is no fault of the service", async () => {
    const { traceId, spanId, traceparent } = callerSpan();
    const call = bed.client("ingest", IngestService).trackEvent({ event: { name: "" } }, { metadata: { traceparent } });
    await expect(call).rejects.toThrow("INVALID_ARGUMENT");
    const [span] = await eventually(async () => {
      const spans = receiver.ofTrace(traceId);
      return spans.length > 0 ? spans : undefined;
    });
    expect(span).toMatchObject({ parentId: spanId, service: "ocellus-ingest", kind: 2, failed: false });
    expect(span!.attributes).toMatchObject({ "rpc.method": "TrackEvent", "rpc.grpc.status_code": 3 });
  });

  test("a trace that its caller does not have told is told nowhere", async () => {
    const untold = callerSpan("00");
    const told = callerSpan();
    expect(await post("/v1/events", event(), untold.traceparent)).toBe(201);
    expect(await post("/v1/events", event(), told.traceparent)).toBe(201);
    await wholeTrace(told.traceId);
    expect(receiver.ofTrace(untold.traceId)).toEqual([]);
    expect(receiver.spans.flatMap(({ links }) => links).filter(({ traceId }) => traceId === untold.traceId)).toEqual(
      [],
    );
  });

  test("a header that is no trace is as none", async () => {
    expect(await post("/v1/events", event(), `00-${MARK}-01`)).toBe(201);
    expect(await post("/v1/events", event(), `00-${"0".repeat(32)}-${"0".repeat(16)}-01`)).toBe(201);
  });

  test("nothing that was sent is told, and the collector gets the headers that it wants", async () => {
    expect(await post("/v1/events", event({ name: "" }))).toBe(400);
    await fetch(`${bed.url}/v1/events?namespace=${MARK}-query`);
    await fetch(`${bed.url}/v1/${MARK}-path`);
    await eventually(async () => {
      const statuses = receiver.spans.map(({ attributes }) => attributes["http.response.status_code"]);
      return (statuses.includes(400) && statuses.includes(404) && statuses.includes(200)) || undefined;
    });
    for (const body of receiver.bodies) expect(body.includes(MARK)).toBe(false);
    expect(receiver.headers[0]).toMatchObject({ "api-key": "for traces" });
  });

  test("a collector that is away harms nothing, and is told again when it is back", async () => {
    await receiver.stop();
    const id = randomUUID();
    expect(await post("/v1/events", event({ id, timestamp: new Date().toISOString() }))).toBe(201);
    const lost = async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${bed.ports.ingestHealth}/metrics`)).text();
      return Number(/^ocellus_trace_spans_lost_total (\d+)$/m.exec(metrics)?.[1]) > 0 || undefined;
    };
    await eventually(lost);
    expect(bed.logOf("ingest")).toContain("the collector does not take traces");
    await eventually(() => bed.client("ingest", EventService).getEvent({ id }));
    await receiver.start();
    const caller = callerSpan();
    expect(await post("/v1/events", event(), caller.traceparent)).toBe(201);
    await wholeTrace(caller.traceId);
  });

  test("a service stops within its time though the collector is away", async () => {
    expect(await post("/v1/events", event())).toBe(201);
    await receiver.stop();
    expect(await bed.services.get("gateway")!.stop()).toBe(0);
    await receiver.start();
  });
});

/** The modules of OpenTelemetry that a service loads until it is ready. */
async function modulesLoaded(environment: Record<string, string>): Promise<string[]> {
  using folder = temporaryFolder();
  const [probe, list] = [join(folder.path, "probe.mjs"), join(folder.path, "list")];
  writeFileSync(list, "");
  writeFileSync(
    probe,
    `import { appendFileSync } from "node:fs";
    import { registerHooks } from "node:module";
    registerHooks({ load(url, context, next) {
      const [, name] = /node_modules\\/(@opentelemetry\\/[^/]+)\\//.exec(url) ?? [];
      if (name) appendFileSync(${JSON.stringify(list)}, name + "\\n");
      return next(url, context);
    } });`,
  );
  await bed.startReplica({ NODE_OPTIONS: `--import ${pathToFileURL(probe)}`, ...environment });
  return [...new Set(readFileSync(list, "utf8").split("\n").filter(Boolean))].sort();
}

test("where no collector is named, nothing is loaded that makes traces, but what prom-client brings", async () => {
  const [without, named] = await Promise.all([modulesLoaded({ OTEL_EXPORTER_OTLP_ENDPOINT: "" }), modulesLoaded({})]);
  expect(without).toEqual(["@opentelemetry/api"]);
  expect(named).toContain("@opentelemetry/sdk-trace");
});

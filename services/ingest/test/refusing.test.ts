import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { create, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import {
  IngestService,
  StreamEventsRequestSchema,
  TrackEventRequestSchema,
} from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { CertificateFiles } from "@ocellus/runtime/certificate-files.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { clientCredentials } from "@ocellus/runtime/tls.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { sharedServers } from "../../../test/support/shared-servers.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceClient<typeof IngestService>;
let events: ServiceClient<typeof EventService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  ingest = bed.client("ingest", IngestService);
  events = bed.client("ingest", EventService);
});
afterAll(() => bed.stop());

const tlsFile = (name: string) => join(sharedServers().certificates, name);

/** Sends bytes that no typed client would. */
function callRaw(bytes: Buffer): Promise<unknown> {
  const files = { ca: tlsFile("ca.crt"), cert: tlsFile("developer.crt"), key: tlsFile("developer.key") };
  const client = new Client(`127.0.0.1:${bed.ports.ingest}`, clientCredentials(new CertificateFiles(files)));
  const asIs = (value: Buffer) => value;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(`/${IngestService.typeName}/TrackEvent`, asIs, asIs, bytes, (error, answer) => {
      client.close();
      if (error) reject(error);
      else resolve(answer);
    });
  });
}

test("a refused event is answered with every offending field at once", async () => {
  const error = await errorOf(ingest.trackEvent({ event: { name: "", namespace: "", id: "x", value: Number.NaN } }));
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "INVALID_EVENT" });
  expect(error.fields).toEqual(["event.namespace", "event.name", "event.id", "event.value"]);
  for (const field of error.fields) expect(error.message).toContain(field);
});

test("a request without an event is refused", async () => {
  expect(await errorOf(ingest.trackEvent({}))).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ["event"] });
});

test.each([
  ["no event", []],
  ["1001 events", Array.from({ length: 1001 }, () => ({ name: "many" }))],
  ["more than 4 MiB", Array.from({ length: 160 }, () => ({ name: "much", data: { a: "x".repeat(27_000) } }))],
])("a batch of %s is refused whole", async (_, batch) => {
  const error = await errorOf(ingest.batchTrackEvents({ events: batch }));
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "INVALID_REQUEST", fields: ["events"] });
});

test("nothing of a refused request is stored", async () => {
  await errorOf(ingest.trackEvent({ event: { name: "half done", category: "" } }));
  const tooMany = Array.from({ length: 1001 }, () => ({ name: "half done" }));
  await errorOf(ingest.batchTrackEvents({ events: tooMany }));
  const { results } = await ingest.batchTrackEvents({ events: [{ name: "half done", id: "no" }, { name: "whole" }] });
  expect(results.map(({ result }) => result.case)).toEqual(["refused", "accepted"]);
  const [{ count } = { count: "" }] = await bed.query<{ count: string }>(
    "select count(*) from ingest.events where name = 'half done'",
  );
  expect(count).toBe("0");
});

test("a stream ends with an error at a batch beyond the limits, after the batches before it are acknowledged", async () => {
  async function* batches() {
    yield { events: [{ name: "before" }] };
    yield { events: [] };
  }
  const acknowledged: unknown[] = [];
  const error = await errorOf(
    (async () => {
      for await (const answer of ingest.streamEvents(batches())) acknowledged.push(answer);
    })(),
  );
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ["events"] });
  expect(acknowledged).toHaveLength(1);
});

test("a batch beyond the limits ends a stream that its client keeps open", async () => {
  async function* batches() {
    yield { events: [] };
    await new Promise(() => {});
  }
  const error = await errorOf(ingest.streamEvents(batches())[Symbol.asyncIterator]().next());
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ["events"] });
});

test("bytes in a stream that are no message end it, after the batches before them are acknowledged", async () => {
  const files = { ca: tlsFile("ca.crt"), cert: tlsFile("developer.crt"), key: tlsFile("developer.key") };
  const client = new Client(`127.0.0.1:${bed.ports.ingest}`, clientCredentials(new CertificateFiles(files)));
  const asIs = (value: Buffer) => value;
  const stream = client.makeBidiStreamRequest(`/${IngestService.typeName}/StreamEvents`, asIs, asIs);
  const acknowledged: unknown[] = [];
  stream.on("data", (answer) => acknowledged.push(answer));
  const failed = new Promise((_, reject) => stream.on("error", reject));
  stream.write(encode(StreamEventsRequestSchema, { events: [{ name: "before" }] }));
  stream.write(Buffer.from([0xff, 0xff]));
  expect(await errorOf(failed)).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "MALFORMED_BODY" });
  expect(acknowledged).toHaveLength(1);
  client.close();
});

test("bytes that are no message are refused", async () => {
  expect(await errorOf(callRaw(Buffer.from([0xff, 0xff])))).toMatchObject({
    code: status.INVALID_ARGUMENT,
    reason: "MALFORMED_BODY",
  });
});

test("bytes that are no UTF-8 are refused and not replaced", async () => {
  const message = create(TrackEventRequestSchema, { event: { name: "ok?" } });
  const bytes = Buffer.from(toBinary(TrackEventRequestSchema, message));
  bytes[bytes.indexOf("?")] = 0xff;
  expect(await errorOf(callRaw(bytes))).toMatchObject({ code: status.INVALID_ARGUMENT, reason: "MALFORMED_BODY" });
});

test("an event that is not stored is not found, and an id that is none is refused", async () => {
  const missing = await errorOf(events.getEvent({ id: "0198f2a4-6f3e-7cc0-8d3b-5a1f6e2b9c10" }));
  expect(missing).toMatchObject({ code: status.NOT_FOUND, reason: "EVENT_NOT_FOUND" });
  expect(await errorOf(events.getEvent({ id: "1" }))).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ["id"] });
});

test("a list refuses what no event could have, all of it at once", async () => {
  const error = await errorOf(
    events.listEvents({ namespace: "", name: "a\0", timestampMin: { seconds: 10n ** 15n }, pageSize: -1 }),
  );
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(error.fields).toEqual(["namespace", "name", "timestamp_min", "page_size"]);
});

test("a caller without a certificate of the CA is turned away", async () => {
  const client = new Client(`127.0.0.1:${bed.ports.ingest}`, credentials.createSsl(readFileSync(tlsFile("ca.crt"))));
  const deadline = Date.now() + 2000;
  await expect(new Promise((_, reject) => client.waitForReady(deadline, reject))).rejects.toThrow();
  client.close();
});

test("TLS 1.2 is turned away", async () => {
  const socket = connect({
    port: bed.ports.ingest,
    host: "127.0.0.1",
    maxVersion: "TLSv1.2",
    minVersion: "TLSv1.2",
    ca: readFileSync(tlsFile("ca.crt")),
    cert: readFileSync(tlsFile("developer.crt")),
    key: readFileSync(tlsFile("developer.key")),
    ALPNProtocols: ["h2"],
  });
  const error = await new Promise<NodeJS.ErrnoException>((resolve, reject) => {
    socket.once("error", resolve);
    socket.once("secureConnect", () => reject(new Error("TLS 1.2 was accepted")));
  });
  expect(error.code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
});

import { Metadata, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { BatchTrackEventsRequestSchema, IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { type Channel, clientOf, openChannel, type ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { sharedServers } from "../../../test/support/shared-servers.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

const PATH = `/${IngestService.typeName}/BatchTrackEvents`;

let bed: TestBed;
let channel: Channel;
let ingest: ServiceClient<typeof IngestService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  channel = openChannel(`127.0.0.1:${bed.ports.ingest}`, tlsFilesIn(sharedServers().certificates, "developer"));
  ingest = clientOf(IngestService, channel);
});
afterAll(async () => {
  channel?.close();
  await bed.stop();
});

test("what the queue does not confirm is bounded: beyond 64 MiB new events are refused with a retry delay", async () => {
  // 3.8 MiB, of events that the door takes as they come.
  const events = Array.from({ length: 800 }, () => ({ name: "large", data: { text: "x".repeat(5000) } }));
  const request = encode(BatchTrackEventsRequestSchema, { events });
  const asItIs = (bytes: Buffer) => bytes;
  const send = () =>
    new Promise((resolve, reject) => {
      channel.client.makeUnaryRequest(PATH, asItIs, asItIs, request, new Metadata(), (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  process.kill(bed.nats.pid(), "SIGSTOP");
  let errors: Awaited<ReturnType<typeof errorOf>>[];
  try {
    errors = await Promise.all(Array.from({ length: 40 }, () => errorOf(send())));
  } finally {
    process.kill(bed.nats.pid(), "SIGCONT");
  }
  const refused = errors.filter(({ code }) => code === status.RESOURCE_EXHAUSTED);
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused) expect(error).toMatchObject({ reason: "QUEUE_FULL", retryAfterSeconds: 1 });
  for (const error of errors.filter((error) => !refused.includes(error)))
    expect(error).toMatchObject({ code: status.UNAVAILABLE, reason: "QUEUE_UNAVAILABLE" });
  await eventually(() => ingest.trackEvent({ event: { name: "after" } }));
});

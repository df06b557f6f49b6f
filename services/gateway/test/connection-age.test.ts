import { connect as connectHttp2 } from "node:http2";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createClients } from "@ocellus/client/create-clients.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { type Channel, clientOf, openChannel } from "@ocellus/runtime/grpc-client.ts";
import { authorizationFor, tokenFor } from "../../../test/support/fetch-with-token.ts";
import { echo } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";

/** So young that every client has to open several connections in the time of the test. */
const AGES = {
  gateway: { CONNECTION_AGE: "1s", CONNECTION_GRACE: "20s" },
  behind: { CONNECTION_AGE: "1500ms", CONNECTION_GRACE: "20s" },
};
const LOAD_MS = 5000;
const AT_ONCE = 8;
const CALLS_EACH = 5;

let bed: GatewayBed;
beforeAll(async () => {
  const behind = echo({ requests: [], kept: [], cancelled: Promise.withResolvers() });
  bed = await startGateway(behind, {}, [], AGES);
});
afterAll(() => bed.stop());

/** Calls again and again, some at a time, and answers what failed. */
async function load(call: () => Promise<unknown>): Promise<unknown[]> {
  const until = performance.now() + LOAD_MS;
  const failures: unknown[] = [];
  const work = async () => {
    for (let calls = 0; calls < CALLS_EACH || performance.now() < until; calls++) {
      await call().catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failures;
}

/** Watches until the first event. */
async function firstOf(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream) return;
}

const goawayOf = (url: string, tls?: object) =>
  new Promise((resolve) => {
    const session = connectHttp2(url, tls).on("error", () => {});
    session.once("goaway", () => session.destroy()).once("close", resolve);
  });

test("no client of the suite sees a call fail because its connection was old", async () => {
  const token = async () => (await tokenFor(bed.url))!;
  const grpc = createClients({ gateway: bed.url, protocol: "grpc", token });
  const connect = createClients({ gateway: bed.url, protocol: "connect", token });
  const { address, tls } = bed.behind;
  const direct = createClients({ servers: { ingest: address, sessions: address, aggregation: address }, tls });
  const internal = openChannel(address, tls);
  const plain = new Client(new URL(bed.url).host, credentials.createInsecure());
  const foreign: Channel = { client: plain, close: () => plain.close() };
  const metadata = await authorizationFor(bed.url);
  const event = { id: "x" };
  const [goaway, ...failures] = await Promise.all([
    goawayOf(bed.url),
    load(() => grpc.events.getEvent(event)),
    load(async () => {
      const abort = new AbortController();
      await firstOf(grpc.events.watchEvents({}, { signal: abort.signal }));
      abort.abort();
    }),
    load(() => connect.events.getEvent(event)),
    load(() => direct.events.getEvent(event)),
    load(() => clientOf(EventService, internal).getEvent(event)),
    load(() => clientOf(EventService, foreign).getEvent(event, { metadata })),
  ]);
  expect(failures).toEqual(failures.map(() => []));
  expect(goaway).toBeUndefined();
  for (const clients of [grpc, connect, direct, internal, foreign]) clients.close();
});

import { createServer, type Socket } from "node:net";
import { type ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ErrorInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { fetch, sendToken } from "../../../test/support/fetch-with-token.ts";
import { echo } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";

// It takes connections and never says a word: what a host that drops packets looks like to a TLS client.
const held: Socket[] = [];
const silent = createServer((socket) => held.push(socket));
let bed: GatewayBed;

beforeAll(async () => {
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as { port: number };
  bed = await startGateway(echo({ requests: [], kept: [], cancelled: Promise.withResolvers() }), {
    INGEST_ADDRESS: `127.0.0.1:${await freePort()}`,
    SESSIONS_ADDRESS: `127.0.0.1:${port}`,
  });
});
afterAll(async () => {
  await bed.stop();
  for (const socket of held) socket.destroy();
  silent.close();
});

test.each([
  ["nobody listens", "/v1/events", "ingest"],
  ["somebody listens and stays silent", "/v1/sessions", "sessions"],
])("where %s, the answer is 503 soon, and names the service", async (_, path, name) => {
  // It waits for nobody who stays silent.
  const response = await fetch(bed.url + path, { signal: AbortSignal.timeout(10_000) });
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await response.json()).toMatchObject({
    code: 14,
    message: `The ${name} service cannot be reached; try again`,
    details: [{ reason: "SERVICE_UNAVAILABLE", domain: "ocellus.dev" }, { retryDelay: "1s" }],
  });
});

test("one service that is gone does not touch another", async () => {
  const response = await fetch(`${bed.url}/v1/aggregates/shop/price?granularity=day&aggregationType=max`);
  expect(response.status).toBe(200);
});

test.each([
  [
    "unary",
    () =>
      createClient(SessionService, createGrpcTransport({ interceptors: [sendToken], baseUrl: bed.url })).getSession({
        id: "1",
      }),
  ],
  [
    "streaming",
    async () => {
      const client = createClient(IngestService, createGrpcTransport({ interceptors: [sendToken], baseUrl: bed.url }));
      for await (const _ of client.streamEvents((async function* () {})()));
    },
  ],
])("gRPC: a %s call is UNAVAILABLE with the same details", async (_, call) => {
  const error = await call().then(
    () => undefined,
    (reason: ConnectError) => reason,
  );
  expect(error?.code).toBe(14);
  expect(error?.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "SERVICE_UNAVAILABLE" }]);
});

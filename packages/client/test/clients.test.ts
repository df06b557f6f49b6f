import { Code } from "@connectrpc/connect";
import { expect, test } from "@jest/globals";
import { createClients } from "../src/create-clients.ts";
import { problemOf } from "../src/problem.ts";
import { startIngestPeer } from "./ingest-peer.ts";

const request = { events: [{ name: "ping" }] };

test.each(["connect", "grpc"] as const)(
  "over %s a token goes with each call, and a function is asked each time",
  async (protocol) => {
    await using peer = await startIngestPeer({ http2: protocol === "grpc" });
    using fixed = createClients({ gateway: peer.url, protocol, token: "fixed" });
    let asked = 0;
    using renewed = createClients({ gateway: peer.url, protocol, token: async () => `token ${++asked}` });
    await fixed.ingest.batchTrackEvents(request);
    await renewed.ingest.batchTrackEvents(request);
    await renewed.ingest.batchTrackEvents(request);
    expect(peer.authorizations).toEqual(["Bearer fixed", "Bearer token 1", "Bearer token 2"]);
  },
);

test("without a token no authorization is sent", async () => {
  await using peer = await startIngestPeer();
  using clients = createClients({ gateway: peer.url });
  await clients.ingest.batchTrackEvents(request);
  expect(peer.authorizations).toEqual([null]);
});

test("a call whose token cannot be had fails, and says so", async () => {
  const token = () => Promise.reject(new Error("the issuer is away"));
  using clients = createClients({ gateway: "http://127.0.0.1:1", token });
  expect(await clients.ingest.batchTrackEvents(request).catch(problemOf)).toMatchObject({
    message: "the issuer is away",
  });
});

test.each(["connect", "grpc"] as const)("over %s closed clients call nobody", async (protocol) => {
  await using peer = await startIngestPeer({ http2: protocol === "grpc" });
  const clients = createClients({ gateway: peer.url, protocol });
  await clients.ingest.batchTrackEvents(request);
  clients.close();
  clients.close();
  expect(await clients.ingest.batchTrackEvents(request).catch(problemOf)).toMatchObject({ code: Code.Canceled });
  expect(peer.batches).toHaveLength(1);
});

test("a certificate that cannot be read is an error when the clients are made", () => {
  const servers = { ingest: "localhost:1", sessions: "localhost:1", aggregation: "localhost:1" };
  expect(() => createClients({ servers, tls: { ca: "/no/ca.crt", cert: "", key: "" } })).toThrow("/no/ca.crt");
});

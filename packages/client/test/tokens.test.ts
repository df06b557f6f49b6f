import { Code, ConnectError } from "@connectrpc/connect";
import { expect, jest, test } from "@jest/globals";
import { eventually } from "../../../test/support/eventually.ts";
import { clientCredentials } from "../src/client-credentials.ts";
import { createClients } from "../src/create-clients.ts";
import { startIngestPeer } from "./ingest-peer.ts";
import { issued, startTokenEndpoint } from "./token-endpoint.ts";

const CLIENT = { id: "a shop", secret: "s:e/c+r%t" };

test("a token is asked for once, by the id and the secret, and kept", async () => {
  await using endpoint = await startTokenEndpoint(issued("first"), issued("second"));
  const token = clientCredentials({ gateway: endpoint.url, ...CLIENT, scope: "write" });
  expect(await Promise.all([token(), token(), token()])).toEqual(["first", "first", "first"]);
  expect(await token()).toBe("first");
  const basic = Buffer.from("a%20shop:s%3Ae%2Fc%2Br%25t").toString("base64");
  const form = { grant_type: "client_credentials", scope: "write" };
  expect(endpoint.asked).toEqual([{ authorization: `Basic ${basic}`, form }]);
});

test("a token is renewed before it expires, and used until the other is there", async () => {
  await using endpoint = await startTokenEndpoint(issued("old", 2), issued("new"));
  const token = clientCredentials({ gateway: endpoint.url, ...CLIENT });
  const seen = new Set<string>();
  await eventually(async () => {
    seen.add(await token());
    return seen.has("new") ? true : undefined;
  });
  expect([...seen]).toEqual(["old", "new"]);
});

test("where a token that counts cannot be renewed, it is used on", async () => {
  await using endpoint = await startTokenEndpoint(issued("old", 600), { status: 503, body: {} });
  const token = clientCredentials({ gateway: endpoint.url, ...CLIENT });
  expect(await token()).toBe("old");
  const now = Date.now;
  // So late that it is to be renewed, and counts still.
  using _ = jest.spyOn(Date, "now").mockImplementation(() => now() + 450_000);
  await eventually(async () => {
    expect(await token()).toBe("old");
    return endpoint.asked.length > 1 ? true : undefined;
  });
  expect(await token()).toBe("old");
});

test("a token that was refused is asked for anew", async () => {
  await using endpoint = await startTokenEndpoint(issued("refused"), issued("good"));
  const token = clientCredentials({ gateway: endpoint.url, ...CLIENT });
  expect([await token(), await token("refused"), await token("refused"), await token()]).toEqual([
    "refused",
    "good",
    "good",
    "good",
  ]);
});

test.each([
  [{ status: 401, body: { error: "invalid_client", error_description: "no" } }, Code.Unauthenticated],
  [{ status: 400, body: { error: "invalid_scope" } }, Code.InvalidArgument],
  [{ status: 503, body: {} }, Code.Unavailable],
  [{ status: 200, body: {} }, Code.Unavailable],
  [undefined, Code.Unavailable],
])("an answer as %j is an error of code %d, and a later call tries again", async (answer, code) => {
  await using endpoint = await startTokenEndpoint(answer, issued("later"));
  const token = clientCredentials({ gateway: endpoint.url, ...CLIENT });
  const error = await token().catch((thrown) => thrown);
  expect([error instanceof ConnectError, error.code]).toEqual([true, code]);
  expect(await token()).toBe("later");
});

test.each(["connect", "grpc"] as const)(
  "over %s a call whose token was refused is made once more with another",
  async (protocol) => {
    await using peer = await startIngestPeer({ http2: protocol === "grpc" });
    const refused = new Set<string | null>(["Bearer old"]);
    const { answer } = peer;
    peer.answer = (request, context) => {
      if (refused.has(context.requestHeader.get("authorization"))) throw new ConnectError("no", Code.Unauthenticated);
      return answer(request, context);
    };
    const token = (text?: string) =>
      text === undefined && !peer.authorizations.includes("Bearer old") ? "old" : "new";
    using clients = createClients({ gateway: peer.url, protocol, token });
    const request = { events: [{ name: "n" }] };
    await clients.ingest.batchTrackEvents(request);
    expect(peer.authorizations).toEqual(["Bearer old", "Bearer new"]);
    refused.add("Bearer new");
    const error = await clients.ingest.batchTrackEvents(request).catch(ConnectError.from);
    expect((error as ConnectError).code).toBe(Code.Unauthenticated);
    expect(peer.authorizations.slice(2)).toEqual(["Bearer new"]);
  },
);

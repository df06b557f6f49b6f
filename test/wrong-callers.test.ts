import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { credentials, Client as RawClient } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ErrorInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import { forgeToken, registerClient } from "./support/access.ts";
import { tokenOf } from "./support/client-token.ts";
import { documentedTable } from "./support/documented-table.ts";
import { fetch } from "./support/fetch-with-token.ts";
import { answerTo } from "./support/grpc-answer.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;
/** The header `authorization` of each wrong caller; "" for none. */
const headers: Record<string, string> = {};
/** One that is right, to be sure that the entry points answer. */
let right: string;

const bearer = (token: string) => `Bearer ${token}`;
const past = Math.floor(Date.now() / 1000) - 60;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "gateway"]);
  right = bearer(await tokenOf(bed.url, await registerClient(bed.url, { namespaces: ["shop"] })));
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const [known] = await bed.query<{ id: string }>("select id from access.signing_keys");
  const byStranger = new SignJWT({ client_id: "x", scope: "read", ocellus_version: 1 })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: known!.id })
    .setIssuer(bed.url)
    .setAudience(bed.url)
    .setIssuedAt()
    .setExpirationTime("1m")
    .sign(await importJWK(await exportJWK(privateKey), "ES256"));
  const genuine = await forgeToken(bed);
  const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url")}.${genuine.split(".")[1]}.`;
  const revoked = await registerClient(bed.url);
  const revokedToken = await tokenOf(bed.url, revoked);
  await fetch(`${bed.url}/v1/clients/${revoked.id}`, { method: "DELETE" });
  Object.assign(headers, {
    "no token": "",
    "not a token": "Bearer nonsense",
    "another scheme": `Basic ${Buffer.from("id:secret").toString("base64")}`,
    expired: bearer(await forgeToken(bed, { iat: past, exp: past + 1 })),
    "bad signature": bearer(await byStranger),
    "alg none": bearer(unsigned),
    "wrong audience": bearer(await forgeToken(bed, { aud: "https://elsewhere.example" })),
    "wrong issuer": bearer(await forgeToken(bed, { iss: "https://elsewhere.example" })),
    "wrong type": bearer(await forgeToken(bed, {}, { typ: "JWT" })),
    revoked: bearer(revokedToken),
    "wrong scope": bearer(await tokenOf(bed.url, await registerClient(bed.url, { scopes: ["write", "aggregation"] }))),
    "wrong namespace": bearer(await tokenOf(bed.url, await registerClient(bed.url, { namespaces: ["other-*"] }))),
  });
});
afterAll(() => bed.stop());

/** What was answered: a status, the reason, and for HTTP whether it says how to get in. */
type Ask = (authorization: string) => Promise<string>;

async function overHttp(path: string, authorization: string): Promise<string> {
  const response = await fetch(bed.url + path, { headers: { authorization } });
  if (response.ok) {
    await response.body!.cancel();
    return String(response.status);
  }
  const { details } = (await response.json()) as { details: { reason?: string }[] };
  const challenge = response.headers.get("www-authenticate") ?? "";
  const error = / error="([^"]+)"/.exec(challenge)?.[1];
  return [
    response.status,
    details.find(({ reason }) => reason)?.reason,
    challenge.startsWith("Bearer") && (error ?? "Bearer"),
  ]
    .filter(Boolean)
    .join(" ");
}

/** Both a unary and a streaming call: they must be answered alike. */
async function overConnect(transport: Transport, authorization: string): Promise<string> {
  const client = createClient(EventService, transport);
  const options = { headers: authorization === "" ? {} : { authorization } };
  const said = async (call: Promise<unknown>) =>
    call.then(
      () => "OK",
      (error) => {
        const failure = ConnectError.from(error);
        const [info] = failure.findDetails(ErrorInfoSchema);
        return `${Code[failure.code]} ${info?.reason}`;
      },
    );
  const unary = await said(client.listEvents({ namespace: "shop" }, options));
  const abort = new AbortController();
  const first = async () => {
    for await (const _ of client.watchEvents({ namespace: "shop" }, { ...options, signal: abort.signal })) return;
  };
  const streamed = await said(first());
  abort.abort();
  expect(streamed).toBe(unary);
  return unary;
}

async function overRawGrpc(authorization: string): Promise<string> {
  const client = new RawClient(new URL(bed.url).host, credentials.createInsecure());
  const path = `/${EventService.typeName}/ListEvents`;
  const method = { path, kind: "unary", request: Buffer.from("\x0a\x04shop") } as const;
  const answer = await answerTo(client, method, authorization === "" ? {} : { authorization });
  client.close();
  return answer;
}

const ENTRY_POINTS: [string, Ask][] = [
  ["REST", (authorization) => overHttp("/v1/events?namespace=shop", authorization)],
  ["plain dialect", (authorization) => overHttp("/events/?channel_id=shop", authorization)],
  ["event stream", (authorization) => overHttp("/v1/events:watch?namespace=shop", authorization)],
  [
    "Connect",
    (authorization) => overConnect(createConnectTransport({ baseUrl: bed.url, httpVersion: "1.1" }), authorization),
  ],
  [
    "gRPC-Web",
    (authorization) => overConnect(createGrpcWebTransport({ baseUrl: bed.url, httpVersion: "1.1" }), authorization),
  ],
  ["gRPC", (authorization) => overConnect(createGrpcTransport({ baseUrl: bed.url }), authorization)],
  ["gRPC by grpc-js", overRawGrpc],
];

const table = documentedTable("caller");

test("docs/security.md tells of every caller at every entry point", () => {
  expect(table.rows).toEqual(Object.keys(headers));
  expect(table.columns).toEqual(ENTRY_POINTS.map(([name]) => name));
});

test.each(table.cells)("a caller with %s at %s is answered %s", async (caller, entryPoint, answer) => {
  const [, ask] = ENTRY_POINTS.find(([name]) => name === entryPoint)!;
  expect(await ask(headers[caller]!)).toBe(answer);
});

test.each(ENTRY_POINTS)("%s answers a caller with the right token", async (_, ask) => {
  expect(["200", "OK"]).toContain(await ask(right));
});

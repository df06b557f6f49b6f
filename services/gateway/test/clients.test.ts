import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { registerClient } from "../../../test/support/access.ts";
import { callGateway, type Json } from "../../../test/support/call-gateway.ts";
import { askForToken, type Credentials, tokenOf } from "../../../test/support/client-token.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "gateway"]);
});
afterAll(() => bed.stop());

const call = (method: string, path: string, body?: unknown, token?: string) =>
  callGateway(bed.url, method, path, body, token);
const reads = async (token: string) => (await call("GET", "/v1/events", undefined, token)).status;
const reasonIn = ({ body }: { body: Json }) => body.details.find(({ reason }: Json) => reason)?.reason;

describe("POST /oauth2/token", () => {
  test("answers a JWT by RFC 9068 that anybody can verify by what the gateway publishes", async () => {
    const client = await registerClient(bed.url, { namespaces: ["shop-*"] });
    const { status, body } = await askForToken(bed.url, client);
    expect([status, body]).toEqual([
      200,
      { access_token: expect.any(String), expires_in: 600, token_type: "Bearer", scope: "read write aggregation" },
    ]);
    const discovery = (await (await globalThis.fetch(`${bed.url}/.well-known/openid-configuration`)).json()) as Json;
    expect(discovery).toMatchObject({ issuer: bed.url, token_endpoint: `${bed.url}/oauth2/token` });
    const verified = await jwtVerify(body.access_token, createRemoteJWKSet(new URL(discovery.jwks_uri)), {
      issuer: bed.url,
      audience: bed.url,
      typ: "at+jwt",
      algorithms: ["ES256"],
    });
    expect(verified.payload).toMatchObject({
      sub: client.id,
      client_id: client.id,
      scope: "read write aggregation",
      ocellus_namespaces: ["shop-*"],
    });
  });

  test("takes the id and the secret in the body, too", async () => {
    const { id, secret } = await registerClient(bed.url);
    const form = { grant_type: "client_credentials", client_id: id, client_secret: secret };
    const response = await globalThis.fetch(`${bed.url}/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("gives no more than was asked for, and never more than the client may", async () => {
    const client = await registerClient(bed.url, { scopes: ["read", "write"] });
    expect((await askForToken(bed.url, client, { scope: "read" })).body.scope).toBe("read");
    const { status, body } = await askForToken(bed.url, client, { scope: "read admin" });
    expect([status, body.error]).toEqual([400, "invalid_scope"]);
  });

  test.each<[string, (client: Credentials) => Credentials, Record<string, string>, number, string]>([
    ["a wrong secret", ({ id }) => ({ id, secret: "wrong" }), {}, 401, "invalid_client"],
    ["an unknown client", ({ secret }) => ({ id: "nobody", secret }), {}, 401, "invalid_client"],
    [
      "another grant",
      (client) => client,
      { grant_type: "authorization_code", code: "x" },
      400,
      "unsupported_grant_type",
    ],
    ["another audience", (client) => client, { resource: "https://elsewhere.example" }, 400, "invalid_target"],
  ])("%s gets none", async (_, credentials, parameters, status, error) => {
    const client = credentials(await registerClient(bed.url));
    const answer = await askForToken(bed.url, client, parameters);
    expect([answer.status, answer.body.error, answer.body.access_token]).toEqual([status, error, undefined]);
  });

  test.each([
    ["GET", "/oauth2/token", 405],
    ["DELETE", "/.well-known/jwks.json", 405],
    ["GET", "/auth", 404],
    ["GET", "/oauth2/authorize", 404],
  ])("%s %s is answered %d", async (method, path, status) => {
    expect((await globalThis.fetch(bed.url + path, { method })).status).toBe(status);
  });

  test("what is published of the keys is public", async () => {
    const { keys } = (await (await globalThis.fetch(`${bed.url}/.well-known/jwks.json`)).json()) as Json;
    expect(keys).toEqual([
      {
        kty: "EC",
        crv: "P-256",
        alg: "ES256",
        use: "sig",
        kid: expect.any(String),
        x: expect.any(String),
        y: expect.any(String),
      },
    ]);
  });
});

describe("clients", () => {
  test("are registered, read, listed and changed; the secret is told once and kept as its hash", async () => {
    const made = await call("POST", "/v1/clients", {
      displayName: "a shop",
      scopes: ["write", "read"],
      namespaces: ["shop-*"],
    });
    expect(made.status).toBe(201);
    const { client, clientSecret } = made.body;
    expect(client).toEqual({
      id: expect.any(String),
      displayName: "a shop",
      scopes: ["SCOPE_READ", "SCOPE_WRITE"],
      namespaces: ["shop-*"],
      createTime: expect.any(String),
      secretCreateTime: expect.any(String),
    });
    expect((await call("GET", `/v1/clients/${client.id}`)).body).toEqual(client);
    expect((await call("GET", "/v1/clients?pageSize=1")).body).toMatchObject({ clients: [client] });
    const changed = await call("PATCH", `/v1/clients/${client.id}`, { displayName: "another" });
    expect(changed.body).toMatchObject({
      displayName: "another",
      scopes: client.scopes,
      updateTime: expect.any(String),
    });
    const [row] = await bed.query("select row_to_json(c)::text as row from access.clients c where id = $1", [
      client.id,
    ]);
    expect(row!.row).toContain("scrypt$16384$8$1$");
    expect(row!.row).not.toContain(clientSecret);
  });

  test.each<[object, string[]]>([
    [{ displayName: "", scopes: ["read"] }, ["displayName"]],
    [{ displayName: "n", scopes: [] }, ["scopes"]],
    [{ displayName: "n", scopes: ["read"], namespaces: [""] }, ["namespaces[0]"]],
    [{ displayName: "n", scopes: ["read"], namespaces: Array(21).fill("a") }, ["namespaces"]],
    [{ displayName: "n", scopes: ["read", "admin"], namespaces: ["a"] }, ["namespaces"]],
    [{ displayName: "x".repeat(101), scopes: [] }, ["displayName", "scopes"]],
    [{ displayName: "n", scopes: ["everything"] }, ["scopes[0]"]],
  ])("%j is refused for %j", async (client, fields) => {
    const { status, body } = await call("POST", "/v1/clients", client);
    const named = body.details.flatMap(({ fieldViolations = [] }: Json) =>
      fieldViolations.map(({ field }: Json) => field),
    );
    expect([status, named]).toEqual([400, fields]);
  });

  test("a change of what one may do ends its tokens; one of its name does not", async () => {
    const client = await registerClient(bed.url);
    const token = await tokenOf(bed.url, client);
    await call("PATCH", `/v1/clients/${client.id}`, { displayName: "renamed" });
    expect(await reads(token)).toBe(200);
    await call("PATCH", `/v1/clients/${client.id}`, { scopes: ["write"] });
    const refused = await call("GET", "/v1/events", undefined, token);
    expect([refused.status, reasonIn(refused)]).toEqual([401, "TOKEN_INVALID"]);
    const narrowed = await call("GET", "/v1/events", undefined, await tokenOf(bed.url, client));
    expect([narrowed.status, reasonIn(narrowed)]).toEqual([403, "SCOPE_MISSING"]);
  });

  test("after a rotation neither the secret before nor its tokens count", async () => {
    const client = await registerClient(bed.url);
    const token = await tokenOf(bed.url, client);
    const { status, body } = await call("POST", `/v1/clients/${client.id}:rotate`, {});
    expect(status).toBe(200);
    expect(await reads(token)).toBe(401);
    expect((await askForToken(bed.url, client)).status).toBe(401);
    expect(await reads(await tokenOf(bed.url, { id: client.id, secret: body.clientSecret }))).toBe(200);
  });

  test("the secret before may be kept for a while, and its tokens do not outlive it", async () => {
    const client = await registerClient(bed.url);
    const { body } = await call("POST", `/v1/clients/${client.id}:rotate`, { keepPreviousFor: "100s" });
    expect(Date.parse(body.client.previousSecretExpireTime)).toBeGreaterThan(Date.now());
    const byPrevious = await askForToken(bed.url, client);
    expect(byPrevious.body.expires_in).toBeGreaterThan(0);
    expect(byPrevious.body.expires_in).toBeLessThanOrEqual(100);
    const byNew = await askForToken(bed.url, { id: client.id, secret: body.clientSecret });
    expect(byNew.body.expires_in).toBe(600);
    await bed.query("update access.clients set previous_secret_expire_time = now() where id = $1", [client.id]);
    expect((await askForToken(bed.url, client)).status).toBe(401);
  });

  test("one that was revoked is gone, and so are its tokens", async () => {
    const client = await registerClient(bed.url);
    const token = await tokenOf(bed.url, client);
    expect((await call("DELETE", `/v1/clients/${client.id}`)).status).toBe(204);
    expect(await reads(token)).toBe(401);
    expect((await askForToken(bed.url, client)).status).toBe(401);
    for (const method of ["GET", "DELETE"]) {
      const again = await call(method, `/v1/clients/${client.id}`);
      expect([again.status, reasonIn(again)]).toEqual([404, "CLIENT_NOT_FOUND"]);
    }
    expect(JSON.stringify((await call("GET", "/v1/clients?pageSize=1000")).body)).not.toContain(client.id);
  });

  test("a revocation by another gateway counts here soon", async () => {
    const client = await registerClient(bed.url);
    const token = await tokenOf(bed.url, client);
    await bed.query(
      "update access.clients set revoke_time = now(), version = version + 1, version_time = clock_timestamp() where id = $1",
      [client.id],
    );
    await eventually(async () => ((await reads(token)) === 401 ? true : undefined));
  });

  test("a stream ends when its client is revoked", async () => {
    const client = await registerClient(bed.url);
    const response = await globalThis.fetch(`${bed.url}/v1/events:watch`, {
      headers: { authorization: `Bearer ${await tokenOf(bed.url, client)}` },
    });
    expect(response.status).toBe(200);
    const whole = response.text();
    await call("DELETE", `/v1/clients/${client.id}`);
    expect(await whole).toMatch(/event: error\ndata: .*"code":16.*TOKEN_INVALID/);
  });
});

test("new keys sign after a while, and tokens by the keys before count on", async () => {
  const client = await registerClient(bed.url);
  const before = await tokenOf(bed.url, client);
  await bed.start("gateway", { TOKEN_KEY_LIFETIME: "2s" });
  const after = await eventually(async () => {
    const token = await tokenOf(bed.url, client);
    return decodeProtectedHeader(token).kid === decodeProtectedHeader(before).kid ? undefined : token;
  });
  expect([await reads(before), await reads(after)]).toEqual([200, 200]);
  const { keys } = (await (await globalThis.fetch(`${bed.url}/.well-known/jwks.json`)).json()) as Json;
  const published = keys.map(({ kid }: Json) => kid);
  expect(published).toContain(decodeProtectedHeader(before).kid);
  expect(published).toContain(decodeProtectedHeader(after).kid);
});

test("the first administrator is registered once: revoked, it stays so", async () => {
  const { id } = bed.administrator;
  const other = await registerClient(bed.url, { scopes: ["admin"] });
  const token = await tokenOf(bed.url, other);
  expect(decodeJwt(token).scope).toBe("admin");
  expect((await call("DELETE", `/v1/clients/${id}`, undefined, token)).status).toBe(204);
  await bed.start("gateway");
  expect((await askForToken(bed.url, bed.administrator)).status).toBe(401);
  expect((await call("GET", `/v1/clients/${other.id}`, undefined, await tokenOf(bed.url, other))).status).toBe(200);
});

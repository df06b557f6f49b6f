import { type ChildProcess, spawn } from "node:child_process";
import { on, once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { freePort } from "@ocellus/suite/ports.ts";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { askForToken } from "./support/client-token.ts";
import { eventually } from "./support/eventually.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

const AUDIENCE = "https://ocellus.example";
let bed: TestBed;
let port: number;
let issuer: RunningIssuer;

interface RunningIssuer {
  process: ChildProcess;
  /** The next line that it prints. */
  said(line: string): Promise<void>;
}

async function startIssuer(): Promise<RunningIssuer> {
  const script = join(repositoryRoot, "test/support/issuer-process.ts");
  const child = spawn(process.execPath, [script, String(port), AUDIENCE], { stdio: ["ignore", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout! });
  const running = {
    process: child,
    async said(line: string) {
      for await (const [said] of on(lines, "line")) if (said === line) return;
    },
  };
  await running.said("ready");
  return running;
}

async function stopIssuer(): Promise<void> {
  const { process: child } = issuer;
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

const ANN = { email: "ann@example.org", email_verified: true };

beforeAll(async () => {
  port = await freePort();
  issuer = await startIssuer();
  bed = await startTestBed(["ingest", "gateway"], {
    OIDC_ISSUER: `http://127.0.0.1:${port}`,
    OIDC_AUDIENCE: AUDIENCE,
    OIDC_SCOPES_CLAIM: "realm_access.roles",
    OIDC_SCOPES: "viewers=read,operators=read+write",
    OIDC_NAMESPACES_CLAIM: "tenants",
    OIDC_EMAILS: "ann@example.org,*@ocellus.example",
  });
});
afterAll(async () => {
  await stopIssuer();
  await bed.stop();
});

/** A token of the other issuer with these claims. */
async function tokenWith(claims: object, parameters: Record<string, string> = {}): Promise<string> {
  const id = Buffer.from(JSON.stringify(claims)).toString("base64url");
  const { status, body } = await askForToken(
    `http://127.0.0.1:${port}`,
    { id, secret: "secret" },
    { scope: "read", ...parameters },
    "/token",
  );
  if (status !== 200) throw new Error(`The issuer answered ${status} ${JSON.stringify(body)}`);
  return body.access_token;
}

async function answerTo(token: string, method = "GET", path = "/v1/events"): Promise<string> {
  const response = await globalThis.fetch(bed.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(method === "POST" && { body: JSON.stringify({ namespace: "shop-1", name: "n" }) }),
  });
  const { details = [] } = (await response.json()) as { details?: { reason?: string }[] };
  return [response.status, details.find(({ reason }) => reason)?.reason].filter(Boolean).join(" ");
}

const viewer = { ...ANN, realm_access: { roles: ["viewers"] }, tenants: ["shop-*"] };

describe("a token of another issuer", () => {
  test.each<[string, object, string, string]>([
    ["the role of a viewer", viewer, "200", "403 SCOPE_MISSING"],
    ["the role of an operator", { ...viewer, realm_access: { roles: ["else", "operators"] } }, "200", "201"],
    [
      "no role that means anything",
      { ...viewer, realm_access: { roles: ["read", "admin"] } },
      "403 SCOPE_MISSING",
      "403 SCOPE_MISSING",
    ],
    ["no roles", { ...ANN, tenants: ["*"] }, "403 SCOPE_MISSING", "403 SCOPE_MISSING"],
    ["an address of a domain that is let in", { ...viewer, email: "Bob@Ocellus.example" }, "200", "403 SCOPE_MISSING"],
    [
      "an address that is not on the list",
      { ...viewer, email: "eve@example.org" },
      "403 EMAIL_NOT_ALLOWED",
      "403 EMAIL_NOT_ALLOWED",
    ],
    [
      "an address of a domain that only ends alike",
      { ...viewer, email: "eve@not-ocellus.example" },
      "403 EMAIL_NOT_ALLOWED",
      "403 EMAIL_NOT_ALLOWED",
    ],
    [
      "an address that nobody has verified",
      { ...viewer, email_verified: false },
      "403 EMAIL_NOT_ALLOWED",
      "403 EMAIL_NOT_ALLOWED",
    ],
    ["no address", { realm_access: { roles: ["viewers"] } }, "403 EMAIL_NOT_ALLOWED", "403 EMAIL_NOT_ALLOWED"],
  ])("with %s may read: %s is answered %s, and write: %s", async (_, claims, reading, writing) => {
    const token = await tokenWith(claims);
    expect([await answerTo(token), await answerTo(token, "POST")]).toEqual([reading, writing]);
  });

  test("with namespaces is limited to them, and without the claim to none", async () => {
    const path = (namespace: string) => `/v1/events?namespace=${namespace}`;
    const token = await tokenWith(viewer);
    expect(await answerTo(token, "GET", path("shop-2"))).toBe("200");
    expect(await answerTo(token, "GET", path("other"))).toBe("403 NAMESPACE_DENIED");
    const { tenants: _, ...rest } = viewer;
    expect(await answerTo(await tokenWith(rest), "GET", path("shop-2"))).toBe("403 NAMESPACE_DENIED");
  });

  test("for another audience does not count", async () => {
    const token = await tokenWith(viewer, { resource: "https://elsewhere.example" });
    expect(await answerTo(token)).toBe("401 TOKEN_INVALID");
  });

  test("that was changed on the way does not count", async () => {
    const [header, , signature] = (await tokenWith(viewer)).split(".");
    const payload = (await tokenWith({ ...viewer, tenants: ["*"] })).split(".")[1];
    expect(await answerTo(`${header}.${payload}.${signature}`)).toBe("401 TOKEN_INVALID");
  });

  test("is an actor in the audit records", async () => {
    const operator = { ...viewer, realm_access: { roles: ["operators"] } };
    const path = "/v1/events/01890a5d-ac96-774b-bcce-b302099a8058";
    expect(await answerTo(await tokenWith(operator), "DELETE", path)).toBe("404 EVENT_NOT_FOUND");
    const [record] = await bed.query(
      "select actor_name, issuer from access.audit_records where resource like '01890a5d%'",
    );
    expect(record).toEqual({ actor_name: ANN.email, issuer: `http://127.0.0.1:${port}` });
  });
});

test("keys that are known count on while the issuer is away; one that is not, when it is back", async () => {
  const known = await tokenWith(viewer);
  const alsoKnown = await tokenWith({ ...viewer, jti: "another" });
  expect(await answerTo(known)).toBe("200");

  issuer.process.kill("SIGUSR2");
  await issuer.said("renewed");
  const byNewKey = await tokenWith({ ...viewer, jti: "by a new key" });
  await stopIssuer();
  expect([await answerTo(known), await answerTo(alsoKnown)]).toEqual(["200", "200"]);
  // Not before the keys, which were read a moment ago, may be read again.
  await eventually(async () => ((await answerTo(byNewKey)) === "503 ISSUER_UNAVAILABLE" ? true : undefined));
  expect(await answerTo(known)).toBe("200");

  issuer = await startIssuer();
  const byThirdKey = await tokenWith(viewer);
  await eventually(async () => ((await answerTo(byThirdKey)) === "200" ? true : undefined));
});

test("a gateway that is started while the issuer is away serves its own clients, and the others when it is back", async () => {
  await stopIssuer();
  await bed.start("gateway");
  const { body } = await askForToken(bed.url, bed.administrator);
  expect(await answerTo(body.access_token)).toBe("200");
  issuer = await startIssuer();
  const token = await tokenWith(viewer);
  await eventually(async () => ((await answerTo(token)) === "200" ? true : undefined));
});

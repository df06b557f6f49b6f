import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json, text } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import { expect, test } from "@jest/globals";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";

/** What registries answer to the versions of all packages, by the name of each of which something is known. */
type Advisories = (versions: Record<string, string[]>) => [status: number, body: unknown];

/** Audits against a registry of our own that answers in the way of npm's. */
async function audit(advisories: Advisories, environment: Record<string, string> = {}) {
  const registry = createServer(async (request, response) => {
    const isBulk = request.url === "/-/npm/v1/security/advisories/bulk";
    const [status, body] = isBulk
      ? advisories((await json(request.pipe(createGunzip()))) as Record<string, string[]>)
      : [404, {}];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await once(registry.listen(0, "127.0.0.1"), "listening");
  const npm_config_registry = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
  // npm keeps what it learns of a flaw by the flaw's id.
  using cache = temporaryFolder();
  const npm = { npm_config_registry, npm_config_cache: cache.path, npm_config_fetch_retries: "0" };
  const env = { ...process.env, ...npm, ...environment };
  const child = spawn("node", ["packages/supply-chain/src/audit.ts"], { cwd: repositoryRoot, env });
  const [[code], ...written] = await Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  registry.closeAllConnections();
  registry.close();
  return { code, written: written.join("") };
}

const flawOf = (name: string, severity: string): Advisories => {
  const advisory = { id: 1, url: "https://flaws.example/1", title: "It answers anybody", severity };
  return () => [200, { [name]: [{ ...advisory, vulnerable_versions: "*", cwe: [], cvss: { score: 9 } }] }];
};

test("what nothing is known of passes, and every package is asked for", async () => {
  let asked: Record<string, string[]> = {};
  const { code, written } = await audit((versions) => {
    asked = versions;
    return [200, {}];
  });
  expect([code, written]).toEqual([0, expect.stringContaining("No flaw")]);
  expect(asked).toMatchObject({ pg: ["8.23.0"], "@grpc/grpc-js": ["1.14.7"], jest: ["30.5.2"] });
});

test.each([
  ["critical", 1],
  ["high", 1],
  ["moderate", 0],
])("a known flaw of severity %s is answered %d", async (severity, expected) => {
  const { code, written } = await audit(flawOf("pg", severity));
  expect(code).toBe(expected);
  if (expected === 1) expect(written).toBe(`${severity}: pg: It answers anybody (https://flaws.example/1)\n`);
});

test("a registry that answers no audits is a failure, unless that is allowed, and never passes for no known flaw", async () => {
  const unanswered: Advisories = () => [405, { message: "Method Not Allowed" }];
  const required = await audit(unanswered);
  const optional = await audit(unanswered, { AUDIT_REQUIRED: "false" });
  expect([required.code, optional.code]).toEqual([1, 0]);
  for (const { written } of [required, optional]) expect(written).toMatch(/^NOT AUDITED.*\n.*405/);
});

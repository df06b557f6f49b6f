import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { repositoryRoot } from "@ocellus/suite/repository.ts";

const PROGRAM = join(repositoryRoot, "packages/deployment/src/run-program.ts");
const CHECK = join(repositoryRoot, "packages/deployment/src/check-ready.ts");

/** What all tests have compiled before. */
const COMPILED = { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? "" };

interface Ended {
  code: unknown;
  problems: string;
}

function run(file: string, args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) =>
    execFile(process.execPath, [file, ...args], { env: { ...COMPILED, ...env } }, (error, _, problems) =>
      resolve({ code: error?.code ?? 0, problems }),
    ),
  );
}

test.each([
  [[], ""],
  [["billing"], "billing"],
  [["ingest", "sessions"], "ingest sessions"],
  [["toString"], "toString"],
])("the arguments %j choose no program, and are told which do", async (args, named) => {
  expect(await run(PROGRAM, args)).toEqual({
    code: 2,
    problems:
      "Name one of ingest, sessions, aggregation, gateway, migrate, certificates, sessions:close as the argument, " +
      `and not "${named}".\n`,
  });
});

test.each([
  ["migrate", "DATABASE_URL is missing"],
  ["sessions:close", "OCELLUS_SESSIONS is missing"],
])("%s is started, and says what its environment lacks", async (name, lacks) => {
  const { code, problems } = await run(PROGRAM, [name]);
  expect([code, problems]).toEqual([1, expect.stringContaining(lacks)]);
});

test("SIGTERM ends a program that has not come to handle it", async () => {
  // PostgreSQL that takes connections, and never answers.
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const env = { ...COMPILED, DATABASE_URL: `postgres://127.0.0.1:${port}/ocellus` };
  const child = spawn(process.execPath, [PROGRAM, "migrate"], { env, stdio: "ignore" });
  await once(silent, "connection");
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([143, null]);
  silent.closeAllConnections();
  silent.close();
});

test("the health check tells a service that is ready from one that is not, and from none", async () => {
  let status = 200;
  const service = createServer((request, response) => {
    response.writeHead(request.url === "/readyz" ? status : 404).end();
  }).listen(0, "127.0.0.1");
  await once(service, "listening");
  const env = { HEALTH_PORT: String((service.address() as AddressInfo).port) };
  expect(await run(CHECK, [], env)).toEqual({ code: 0, problems: "" });
  status = 503;
  expect(await run(CHECK, [], env)).toEqual({ code: 1, problems: "" });
  service.closeAllConnections();
  service.close();
  expect(await run(CHECK, [], env)).toEqual({ code: 1, problems: expect.stringContaining("ECONNREFUSED") });
});

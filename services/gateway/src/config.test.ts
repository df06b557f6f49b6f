import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { readGatewayConfig } from "./config.ts";

const folder = mkdtempSync(join(tmpdir(), "ocellus-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SECRET = "a-secret-that-nobody-guesses-by-itself";

function read(extra: Record<string, string>) {
  return readGatewayConfig({
    ...{ TLS_CA: "ca", TLS_CERT: "cert", TLS_KEY: "key", HEALTH_PORT: "8081", HTTP_PORT: "8080" },
    ...{ DATABASE_URL: "postgres://ocellus", PUBLIC_URL: "https://ocellus.example.com" },
    ...{ INGEST_ADDRESS: "ingest:1", SESSIONS_ADDRESS: "sessions:1,sessions:2", AGGREGATION_ADDRESS: "dns:///a:1" },
    ...extra,
  });
}

function fileWith(content: string): string {
  const path = join(folder, "secret");
  writeFileSync(path, content);
  return path;
}

test("the first administrator's secret is given by itself, or in a file", () => {
  expect(read({})).toMatchObject({ FIRST_ADMINISTRATOR_ID: "", FIRST_ADMINISTRATOR_SECRET: "" });
  const id = { FIRST_ADMINISTRATOR_ID: "administrator" };
  expect(read({ ...id, FIRST_ADMINISTRATOR_SECRET: SECRET }).FIRST_ADMINISTRATOR_SECRET).toBe(SECRET);
  const file = { FIRST_ADMINISTRATOR_SECRET_FILE: fileWith(`${SECRET}\n`) };
  expect(read({ ...id, ...file }).FIRST_ADMINISTRATOR_SECRET).toBe(SECRET);
  expect(() => read({ ...id, ...file, FIRST_ADMINISTRATOR_SECRET: SECRET })).toThrow(/set one of them/);
  expect(() => read(file)).toThrow(/go together/);
});

test.each([
  ["", /it is empty/],
  ["too short", /expected 32 to 200/],
])("a file that holds %j is no secret, and is not told", (content, problem) => {
  const wrong = () =>
    read({ FIRST_ADMINISTRATOR_ID: "administrator", FIRST_ADMINISTRATOR_SECRET_FILE: fileWith(content) });
  expect(wrong).toThrow(problem);
  expect(wrong).not.toThrow(/too short/);
});

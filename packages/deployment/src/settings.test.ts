import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { PROGRAM_NAMES } from "./programs.ts";
import { settingsOf, VARIABLES } from "./settings.ts";
import { settingsPage } from "./settings-page.ts";

test("docs/settings.md is what `make settings` makes", () => {
  expect(readFileSync(join(repositoryRoot, "docs/settings.md"), "utf8")).toBe(settingsPage());
});

test.each(PROGRAM_NAMES)("each default of %s is what its program would read if it were given", (program) => {
  for (const { name, default: text } of settingsOf(program)) {
    const spec = VARIABLES[program][name]!;
    if (text) expect([name, spec._parse(text)]).toEqual([name, spec.default]);
  }
});

test.each(PROGRAM_NAMES)("each variable of %s says what it is for", (program) => {
  expect(settingsOf(program).filter(({ description }) => description.length < 10)).toEqual([]);
});

test("settings tell required variables from those with a default, and show lengths of time as they are given", () => {
  const settings = new Map(settingsOf("ingest").map((setting) => [setting.name, setting]));
  expect(settings.get("NATS_URL")).toMatchObject({ required: true, default: undefined });
  expect(settings.get("EVENT_RETENTION")).toMatchObject({ required: false, default: undefined });
  expect(settings.get("EVENT_ERRORS_KEEP")).toMatchObject({ required: false, default: "30d" });
  expect(settings.get("HEADERS_TIMEOUT")).toMatchObject({ required: false, default: "10s" });
  expect(settings.get("WATCHERS_MAX")).toMatchObject({ required: false, default: "100" });
});

test("no program reads an environment variable that is no setting", () => {
  const known = new Set(PROGRAM_NAMES.flatMap((program) => settingsOf(program).map(({ name }) => name)));
  const files = globSync(["services/*/src/**/*.ts", "packages/runtime/src/**/*.ts"], { cwd: repositoryRoot });
  const read = files
    .filter((file) => !file.endsWith(".test.ts"))
    .flatMap((file) => [
      ...readFileSync(join(repositoryRoot, file), "utf8").matchAll(/(?:process\.env|environment)\.([A-Z_]+)/g),
    ])
    .map(([, name]) => name!);
  expect(read).toContain("LOG_LEVEL");
  expect(read.filter((name) => !known.has(name))).toEqual([]);
});

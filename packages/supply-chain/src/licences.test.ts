import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { isAllowed, licencePage, licensedPackages } from "./licence-list.ts";
import { lockedPackages, readJson } from "./lock-file.ts";

test("everything that the suite runs on has a licence that is allowed", () => {
  expect(licensedPackages().length).toBeGreaterThan(100);
  expect(licensedPackages().filter(({ license }) => !isAllowed(license))).toEqual([]);
});

test.each([
  ["MIT", true],
  ["(MIT OR GPL-3.0-only)", true],
  ["(MIT AND GPL-3.0-only)", false],
  ["AGPL-3.0-or-later", false],
  ["SEE LICENSE IN LICENSE.md", false],
  ["UNLICENSED", false],
  ["", false],
])("the licence %j is allowed: %s", (license, expected) => {
  expect(isAllowed(license)).toBe(expected);
});

test("docs/licences.md is what `make licences` makes", () => {
  expect(readFileSync(join(repositoryRoot, "docs/licences.md"), "utf8")).toBe(licencePage(licensedPackages()));
});

test("what is installed has the version and the licence that are listed", () => {
  const installed = lockedPackages().filter(({ path, dev }) => !dev && existsSync(join(repositoryRoot, path)));
  expect(installed.length).toBeGreaterThan(100);
  const onDisk = installed.map(({ path }) => {
    const { name, version, license } = readJson(join(path, "package.json")) as Record<string, string>;
    return { name, version, license };
  });
  expect(onDisk).toEqual(installed.map(({ name, version, license }) => ({ name, version, license })));
});

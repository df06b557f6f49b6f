import { globSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { lockedPackages, readJson } from "./lock-file.ts";

const MANIFESTS = globSync(["package.json", "{proto,bench}/package.json", "{packages,services}/*/package.json"], {
  cwd: repositoryRoot,
});
const FIELDS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] as const;

type Manifest = Partial<Record<(typeof FIELDS)[number], Record<string, string>>>;

test.each(MANIFESTS)("%s names one version of each package", (path) => {
  const manifest = readJson(path) as Manifest;
  const inexact = FIELDS.flatMap((field) => Object.entries(manifest[field] ?? {})).filter(
    ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
  );
  expect(inexact).toEqual([]);
});

test("the lock file knows what each package.json names, and no other workspace", () => {
  const { packages } = readJson("package-lock.json") as { packages: Record<string, Manifest> };
  const named = MANIFESTS.map((path) => [path, dependenciesIn(readJson(path) as Manifest)]);
  const locked = Object.entries(packages)
    .filter(([path]) => !path.includes("node_modules/"))
    .map(([path, manifest]) => [join(path, "package.json"), dependenciesIn(manifest)]);
  expect(Object.fromEntries(locked)).toEqual(Object.fromEntries(named));
});

const dependenciesIn = (manifest: Manifest) => FIELDS.map((field) => manifest[field] ?? {});

test("what is installed is what the lock file has the hash of", () => {
  const installed = lockedPackages("node_modules/.package-lock.json");
  const locked = new Map(lockedPackages().map(({ path, version, integrity }) => [path, [version, integrity]]));
  expect(installed.length).toBeGreaterThan(300);
  for (const { path, version, integrity } of installed)
    expect([path, version, integrity]).toEqual([path, ...(locked.get(path) ?? [])]);
});

test("the lock file has a hash of every package", () => {
  const packages = lockedPackages();
  expect(packages.length).toBeGreaterThan(400);
  expect(packages.filter(({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ""))).toEqual([]);
});

test("the lock file has no package from elsewhere than a registry, and says of none which", () => {
  expect(lockedPackages().filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});

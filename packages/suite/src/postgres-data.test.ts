import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { eventually } from "../../../test/support/eventually.ts";
import { releaseStaleLock } from "./postgres-data.ts";
import { commandOfProcess } from "./process-identity.ts";
import { temporaryFolder } from "./temporary-folder.ts";

test("the lock of a crashed server whose pid is another program's now is released, and keeps its other lines", async () => {
  using folder = temporaryFolder();
  expect(await lockAfterRelease(folder.path, ["600"])).toEqual([String(process.pid), "the rest"]);
});

test("the lock of a server that runs on the data is left alone", async () => {
  using folder = temporaryFolder();
  const [pid] = await lockAfterRelease(folder.path, ["600", folder.path]);
  expect(pid).not.toBe(String(process.pid));
});

test("no lock at all is no hindrance", () => {
  using folder = temporaryFolder();
  releaseStaleLock(folder.path);
});

/** The lines of the lock after its release, while a process with these arguments has the pid that it names. */
async function lockAfterRelease(folder: string, args: string[]): Promise<string[]> {
  const holder = spawn("sh", ["-c", "sleep 600; :", ...args], { stdio: "ignore", detached: true });
  await once(holder, "spawn");
  // Its arguments are there a moment later.
  await eventually(async () => commandOfProcess(holder.pid!));
  try {
    const lock = join(folder, "postmaster.pid");
    writeFileSync(lock, `${holder.pid}\nthe rest`);
    releaseStaleLock(folder);
    return readFileSync(lock, "utf8").split("\n");
  } finally {
    process.kill(-holder.pid!, "SIGKILL");
  }
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { lockDataFolder } from "./data-folder-lock.ts";
import { stopOrphans } from "./orphans.ts";
import { writePidFile } from "./pid-file.ts";
import { temporaryFolder } from "./temporary-folder.ts";

async function sleeper() {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  await once(child, "spawn");
  return {
    pid: child.pid!,
    ended: () => once(child, "exit").then(([, signal]) => signal),
    [Symbol.dispose]: () => child.kill("SIGKILL"),
  };
}

test("what an earlier run left running is stopped with its own signal", async () => {
  using folder = temporaryFolder();
  using orphan = await sleeper();
  writePidFile(join(folder.path, "database.json"), { name: "database", pid: orphan.pid, stopSignal: "SIGINT" });
  const lines: string[] = [];
  const ended = orphan.ended();
  await stopOrphans(folder.path, (line) => lines.push(line));
  expect(await ended).toBe("SIGINT");
  expect(lines).toEqual([`stopping database, which an earlier run left behind as process ${orphan.pid}`]);
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a process that only has the pid of an earlier one is left alone", async () => {
  using folder = temporaryFolder();
  using other = await sleeper();
  const file = join(folder.path, "database.json");
  writePidFile(file, { name: "database", pid: other.pid, stopSignal: "SIGKILL" });
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), start: "another boot/123" }));
  const lines: string[] = [];
  await stopOrphans(folder.path, (line) => lines.push(line));
  expect(process.kill(other.pid, 0)).toBe(true);
  expect(lines).toEqual([]);
  expect(existsSync(file)).toBe(false);
});

test("a record that a crash cut short, and no records at all, are no hindrance", async () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "nats.json"), '{"name":"na');
  await stopOrphans(folder.path, () => {});
  await stopOrphans(join(folder.path, "missing"), () => {});
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a data folder is one process's until it gives it back or ends", async () => {
  using folder = temporaryFolder();
  const unlock = lockDataFolder(folder.path);
  expect(() => lockDataFolder(folder.path)).toThrow(`already runs on ${folder.path}, as process ${process.pid}`);
  unlock();
  lockDataFolder(folder.path)();

  const holder = await sleeper();
  writePidFile(join(folder.path, "lock.json"), { name: "suite", pid: holder.pid, stopSignal: "SIGTERM" });
  expect(() => lockDataFolder(folder.path)).toThrow(`as process ${holder.pid}`);
  const ended = holder.ended();
  holder[Symbol.dispose]();
  await ended;
  lockDataFolder(folder.path)();
});

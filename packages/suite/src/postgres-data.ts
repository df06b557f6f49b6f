import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PostgresBinaries } from "./postgres-binaries.ts";
import { commandOfProcess } from "./process-identity.ts";
import { runCommand } from "./run-command.ts";
import type { Unprivileged } from "./unprivileged-user.ts";

/** Makes the files of a new database cluster in `folder`: whole or not at all. */
export async function createPostgresData(
  folder: string,
  password: string,
  { initdb }: PostgresBinaries,
  unprivileged: Unprivileged,
): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  const passwordFile = `${folder}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (unprivileged.owner) {
    for (const path of [unfinished, passwordFile]) chownSync(path, unprivileged.owner.uid, unprivileged.owner.gid);
  }
  const { command, args, user } = unprivileged.command(initdb, [
    ...["--pgdata", unfinished, "--username=postgres", `--pwfile=${passwordFile}`, "--auth=scram-sha-256"],
    // The locale that PostgreSQL brings itself: it sorts the same on every machine and after every update.
    ...["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
  ]);
  try {
    await runCommand(command, args, { user, cwd: "/" });
  } finally {
    rmSync(passwordFile);
  }
  renameSync(unfinished, folder);
}

/**
 * Frees the data from the lock of a server that crashed. PostgreSQL does so itself, unless its old pid still means
 * something: another program has it now, or the system has not yet cleared away the dead server.
 */
export function releaseStaleLock(folder: string): void {
  const path = join(folder, "postmaster.pid");
  if (!existsSync(path)) return;
  const [pid, ...rest] = readFileSync(path, "utf8").split("\n");
  if (commandOfProcess(Number(pid))?.includes(folder)) return;
  // The rest of the file lets PostgreSQL find children of the crashed server that still run, so it must stay. Its own
  // parent is a pid that PostgreSQL passes over.
  writeFileSync(path, [process.pid, ...rest].join("\n"));
}

/** Whether the server with this pid has said in its lock file that it takes connections. */
export function saysReady(folder: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(folder, "postmaster.pid"), "utf8").split("\n");
    return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
  } catch {
    return false;
  }
}

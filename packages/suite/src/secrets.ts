import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** The password of each name, kept in a file that only its owner reads; made where there is none yet. */
export function readOrCreateSecrets<Name extends string>(path: string, names: readonly Name[]): Record<Name, string> {
  const kept = read(path);
  const missing = names.filter((name) => !kept[name]);
  for (const name of missing) kept[name] = newSecret();
  if (missing.length > 0) write(path, kept);
  return kept as Record<Name, string>;
}

/** Nobody guesses it, and it needs no escaping in a URL. */
function newSecret(): string {
  return randomBytes(24).toString("base64url");
}

function read(path: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new Error(`The passwords in ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Whole or not at all: a password that is lost locks the data away. */
function write(path: string, secrets: Record<string, string>): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.unfinished`, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.unfinished`, path);
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@ocellus/suite/repository.ts";

/** A package that package-lock.json fixes. */
export interface LockedPackage {
  /** Where it is installed, from the root of the project. */
  path: string;
  name: string;
  version: string;
  /** As an SPDX expression; undefined where it names none. */
  license?: string;
  /** The hash of what is downloaded. */
  integrity?: string;
  /** Where it was downloaded from, if that is kept. */
  resolved?: string;
  /** Whether nothing needs it but development. */
  dev: boolean;
  hasInstallScript: boolean;
}

interface Entry extends Partial<LockedPackage> {
  link?: boolean;
}

/** All packages of others, of every platform, that package-lock.json fixes; or those that another lock file does. */
export function lockedPackages(lockFile = "package-lock.json"): LockedPackage[] {
  const { packages } = readJson(lockFile) as { packages: Record<string, Entry> };
  return Object.entries(packages)
    .filter(([path, { link }]) => path.includes("node_modules/") && !link)
    .map(([path, { name = nameIn(path), version = "", dev = false, hasInstallScript = false, ...rest }]) => ({
      ...rest,
      path,
      name,
      version,
      dev,
      hasInstallScript,
    }));
}

/** A JSON file of the project. */
export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(repositoryRoot, path), "utf8"));
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

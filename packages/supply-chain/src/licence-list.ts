import satisfies from "spdx-satisfies";
import { lockedPackages } from "./lock-file.ts";

/** The licences that what the suite runs on may have: they ask to be named, and nothing else of who runs it or changes it. */
export const ALLOWED_LICENCES = ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"];

/** A package that the suite runs on. */
export interface Licensed {
  name: string;
  version: string;
  /** An SPDX expression; empty where it names none. */
  license: string;
}

/** All packages that the suite runs on, on any platform, each version once, by their names. */
export function licensedPackages(): Licensed[] {
  const byId = new Map<string, Licensed>();
  for (const { name, version, license = "", dev } of lockedPackages()) {
    if (!dev) byId.set(`${name}@${version}`, { name, version, license });
  }
  return [...byId].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, licensed]) => licensed);
}

/** Whether a licence, or a choice or a sum of several, asks for no more than those that are allowed. */
export function isAllowed(license: string): boolean {
  try {
    return satisfies(license, ALLOWED_LICENCES);
  } catch {
    // Not an SPDX expression: nobody knows what it asks for.
    return false;
  }
}

/** The list as a page. */
export function licencePage(packages: readonly Licensed[]): string {
  const rows = packages.map(({ name, version, license }) => `| ${name} | ${version} | ${license} |`);
  return [
    "# Licences",
    "",
    "What the suite runs on, on any platform: made of package-lock.json by `make licences`. What only development needs is not",
    "here. Each package has its licence's text in its folder in `node_modules`.",
    "",
    "| package | version | licence |",
    "| ------- | ------- | ------- |",
    ...rows,
    "",
  ].join("\n");
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { runCommand } from "@ocellus/suite/run-command.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { lockedPackages, readJson } from "./lock-file.ts";

interface Component {
  name: string;
  version: string;
  purl: string;
  hashes?: { alg: string; content: string }[];
  licenses?: unknown[];
}

let text: string;
let components: Component[];

beforeAll(async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "sbom.json");
  const environment = { ...(process.env as Record<string, string>), OUT: file };
  await runCommand("node", ["packages/supply-chain/src/sbom.ts"], { cwd: repositoryRoot, environment });
  text = readFileSync(file, "utf8");
  components = JSON.parse(text).components;
});

const SCHEMAS = "node_modules/@cyclonedx/cyclonedx-library/res/schema";

test("the bill of materials is one by the schema of CycloneDX", () => {
  // The formats that nothing here has are those that need more packages to check.
  const formats = { "idn-email": true, "iri-reference": true } as const;
  const ajv = new Ajv({ strict: false, validateFormats: true, formats });
  addFormats.default(ajv);
  for (const part of ["spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"])
    ajv.addSchema(readJson(`${SCHEMAS}/${part}`) as object, `http://cyclonedx.org/schema/${part}`);
  const validate = ajv.compile(readJson(`${SCHEMAS}/bom-1.5.SNAPSHOT.schema.json`) as object);
  expect([validate(JSON.parse(text)), validate.errors]).toEqual([true, null]);
  expect(JSON.parse(text).metadata.component).toMatchObject({ name: "ocellus", type: "application" });
});

test("it has everything that is installed and not for development, with its hash and its licence, and nothing else", () => {
  const installed = lockedPackages().filter(({ path, dev }) => !dev && existsSync(join(repositoryRoot, path)));
  const expected = installed.map(({ name, version, integrity }) => ({
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    hash: Buffer.from(integrity!.replace("sha512-", ""), "base64").toString("hex"),
    hasLicence: true,
  }));
  const listed = components
    .filter(({ purl }) => !purl.startsWith("pkg:npm/%40ocellus/"))
    .map(({ purl, hashes, licenses = [] }) => ({ purl, hash: hashes?.[0]?.content, hasLicence: licenses.length > 0 }));
  expect(byPurl(listed)).toEqual(byPurl(expected));
});

test.each(["gateway", "ingest", "sessions", "aggregation"])("it has the service %s itself", (service) => {
  expect(components.map(({ purl }) => purl)).toContain(`pkg:npm/%40ocellus/${service}@0.1.0`);
});

/** Each once, in order: a package may be installed in several places. */
function byPurl<T extends { purl: string }>(entries: T[]): T[] {
  const unique = new Map(entries.map((entry) => [entry.purl, entry]));
  return [...unique.values()].sort((one, other) => (one.purl < other.purl ? -1 : 1));
}

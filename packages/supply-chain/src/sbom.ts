import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { runCommand } from "@ocellus/suite/run-command.ts";
import { cleanEnv, str } from "envalid";
import { lockedPackages, readJson } from "./lock-file.ts";

const { OUT } = cleanEnv(process.env, { OUT: str({ default: "sbom.cdx.json", desc: "where it is written" }) });

interface Bom {
  specVersion: string;
  metadata: { component: { name: string; "bom-ref": string } };
  components: { "bom-ref": string; purl: string }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const format = ["--sbom-format=cyclonedx", "--sbom-type=application"];
const bom: Bom = JSON.parse(await runCommand("npm", ["sbom", ...format], { cwd: repositoryRoot }));

// npm's own `--omit=dev` leaves out what anybody needs for development, even where others need it to run.
const needed = new Set(lockedPackages().flatMap(({ name, version, dev }) => (dev ? [] : [`${name}@${version}`])));
const isOwn = (ref: string) => ref.startsWith("@ocellus/") || ref === bom.metadata.component["bom-ref"];
const isNeeded = (ref: string) => isOwn(ref) || needed.has(ref);
bom.components = bom.components.filter((component) => isNeeded(component["bom-ref"]));
bom.dependencies = bom.dependencies
  .filter(({ ref }) => isNeeded(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isNeeded) }));

// npm calls the project by its folder.
bom.metadata.component.name = (readJson("package.json") as { name: string }).name;
const file = resolve(repositoryRoot, OUT);
writeFileSync(file, `${JSON.stringify(bom, undefined, 2)}\n`);
process.stdout.write(`${bom.components.length} components in ${file} (CycloneDX ${bom.specVersion})\n`);

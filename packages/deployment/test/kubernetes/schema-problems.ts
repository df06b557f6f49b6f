import type { Manifest } from "./manifests.ts";
import { watchReads } from "./watch-reads.ts";

/** Which package has the schemas of the groups that are not Kubernetes' own. */
const PACKAGES: Readonly<Record<string, string>> = {
  "cert-manager.io": "@kubernetes-models/cert-manager/",
  "postgresql.cnpg.io": "@kubernetes-models/cloudnative-pg/",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator/",
};

/** How a package lets a kind be checked: it throws what is wrong. */
type Models = Record<string, { prototype: { validate(this: object): void } } | undefined>;

/** What the schema of its kind has against an object: wrong values, fields that miss, and fields that it does not know. */
export async function schemaProblems(manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind, metadata } = manifest;
  const group = apiVersion.split("/")[0]!;
  const at = (problem: string) => `${kind} ${metadata.name}: ${problem}`;
  const models: Models = await import(`${PACKAGES[group] ?? "kubernetes-models/"}${apiVersion}`);
  const model = models[kind];
  if (!model) return [at(`there is no ${kind} in ${apiVersion}`)];

  const { tree, unread } = watchReads(manifest);
  try {
    model.prototype.validate.call(tree);
  } catch (error) {
    return [at((error as Error).message)];
  }
  // The checks that come of a schema read each field that it knows, and none beside.
  return unread().map((path) => at(`${path} is no field of ${apiVersion}`));
}

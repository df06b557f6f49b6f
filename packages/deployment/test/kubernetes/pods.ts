import type { Manifest, Tree } from "./manifests.ts";

/** The pods that an object makes. */
export interface PodTemplate {
  /** `Deployment ingest`. */
  owner: string;
  kind: string;
  name: string;
  labels: Record<string, string>;
  spec: Tree;
}

/** The pods of all objects that make some by a template. */
export function podTemplates(manifests: readonly Manifest[]): PodTemplate[] {
  return manifests.flatMap(({ kind, metadata: { name }, spec }) => {
    const template = kind === "CronJob" ? spec.jobTemplate.spec.template : spec?.template;
    if (!template?.spec?.containers) return [];
    return [{ owner: `${kind} ${name}`, kind, name, labels: template.metadata.labels, spec: template.spec }];
  });
}

/** All containers of a pod, those that run before the others too. */
export function containersOf({ spec }: PodTemplate): Tree[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

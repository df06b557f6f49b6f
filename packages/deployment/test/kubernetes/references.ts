import type { Manifest, Tree } from "./manifests.ts";
import { ofKind } from "./manifests.ts";
import { containersOf, podTemplates } from "./pods.ts";

/** What pods, an Ingress or CloudNativePG name that nothing in the overlay makes, as `Deployment ingest: Secret ingest-tls`. */
export function danglingReferences(manifests: readonly Manifest[]): string[] {
  const made = new Set([
    ...manifests.map(({ kind, metadata: { name } }) => `${kind} ${name}`),
    ...ofKind(manifests, "Certificate").map(({ spec }) => `Secret ${spec.secretName}`),
    // cert-manager makes one for each Ingress that asks for it, by an annotation.
    ...ofKind(manifests, "Ingress").flatMap(({ spec }) => spec.tls.map((tls: Tree) => `Secret ${tls.secretName}`)),
  ]);
  const dangling = (owner: string, references: Iterable<string>) =>
    [...references].filter((name) => !made.has(name)).map((name) => `${owner}: ${name}`);
  const pods = podTemplates(manifests).flatMap((pod) =>
    dangling(pod.owner, [...inVolumes(pod.spec), ...inContainers(containersOf(pod))]),
  );
  const others = manifests.flatMap((manifest) =>
    dangling(`${manifest.kind} ${manifest.metadata.name}`, inObject(manifest)),
  );
  return [...pods, ...others];
}

function* inVolumes({ volumes = [], serviceAccountName }: Tree) {
  yield `ServiceAccount ${serviceAccountName}`;
  for (const { configMap, secret } of volumes) {
    if (configMap) yield `ConfigMap ${configMap.name}`;
    if (secret) yield `Secret ${secret.secretName}`;
  }
}

function* inContainers(containers: Tree[]) {
  for (const { envFrom = [], env = [] } of containers) {
    for (const { configMapRef } of envFrom) yield `ConfigMap ${configMapRef.name}`;
    for (const { valueFrom } of env) {
      const { secretKeyRef } = valueFrom ?? {};
      if (secretKeyRef && !secretKeyRef.optional) yield `Secret ${secretKeyRef.name}`;
    }
  }
}

function* inObject({ kind, spec }: Manifest) {
  if (kind === "Certificate") yield `${spec.issuerRef.kind} ${spec.issuerRef.name}`;
  if (kind === "Issuer" && spec.ca) yield `Secret ${spec.ca.secretName}`;
  if (kind === "HorizontalPodAutoscaler") yield `${spec.scaleTargetRef.kind} ${spec.scaleTargetRef.name}`;
  if (kind === "StatefulSet") yield `Service ${spec.serviceName}`;
  if (kind === "Ingress") for (const path of spec.rules[0].http.paths) yield `Service ${path.backend.service.name}`;
  if (kind === "Cluster") {
    for (const secret of Object.values(spec.certificates)) yield `Secret ${secret}`;
    for (const { name } of spec.bootstrap.initdb.postInitApplicationSQLRefs.configMapRefs) yield `ConfigMap ${name}`;
  }
}

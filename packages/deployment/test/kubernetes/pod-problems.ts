import type { Tree } from "./manifests.ts";
import { containersOf, type PodTemplate } from "./pods.ts";
import { bytesOf, coresOf } from "./quantities.ts";

/** The kinds of volumes of which pod security `restricted` knows no harm, but those with tokens: nobody here has any. */
const VOLUMES = ["configMap", "emptyDir", "secret", "persistentVolumeClaim"];

/**
 * What is not as every pod of the suite must be: without root, without rights, without a token for the API server, with its root file
 * system read-only, and within limits. It holds for more than pod security `restricted` asks for.
 */
export function podProblems(pod: PodTemplate): string[] {
  const { owner, spec } = pod;
  const problems = [...podRules(spec), ...volumeRules(spec)];
  for (const container of containersOf(pod)) {
    const rules = [...containerRules(container), ...resourceRules(container.resources ?? {}), ...mountRules(container)];
    problems.push(...rules.map((problem) => `${container.name}: ${problem}`));
  }
  return problems.map((problem) => `${owner}: ${problem}`);
}

function* podRules(spec: Tree) {
  const { runAsNonRoot, runAsUser, runAsGroup, seccompProfile } = spec.securityContext ?? {};
  if (runAsNonRoot !== true) yield "may run as root";
  if (!(runAsUser > 0)) yield "names no user, or root";
  if (!(runAsGroup > 0)) yield "names no group, or that of root";
  if (seccompProfile?.type !== "RuntimeDefault") yield "has no seccomp profile";
  for (const field of ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"]) {
    if (spec[field]) yield `has ${field}`;
  }
  if (spec.automountServiceAccountToken !== false) yield "mounts a token";
  if (!spec.serviceAccountName || spec.serviceAccountName === "default") yield "has no ServiceAccount of its own";
  // Variables like NATS_PORT, which Kubernetes would make of the name of each Service, could pass for settings.
  if (spec.enableServiceLinks !== false) yield "takes environment variables of Services";
}

function* volumeRules({ volumes = [], containers, initContainers = [] }: Tree) {
  const mounted = [...containers, ...initContainers].flatMap(({ volumeMounts = [] }) => volumeMounts);
  for (const { name, ...source } of volumes) {
    const kinds = Object.keys(source);
    if (!kinds.every((kind) => VOLUMES.includes(kind))) yield `the volume ${name} is a ${kinds.join()}`;
    if (!mounted.some((mount: Tree) => mount.name === name)) yield `nobody mounts the volume ${name}`;
  }
}

function* containerRules({ securityContext = {}, image, ports = [] }: Tree) {
  const {
    allowPrivilegeEscalation,
    readOnlyRootFilesystem,
    capabilities = {},
    privileged,
    ...others
  } = securityContext;
  if (allowPrivilegeEscalation !== false) yield "may gain rights";
  if (readOnlyRootFilesystem !== true) yield "may write to its root file system";
  if (!capabilities.drop?.includes("ALL") || capabilities.add) yield "has capabilities";
  if (privileged) yield "is privileged";
  if (Object.keys(others).length > 0) yield `undoes what its pod says: ${Object.keys(others)}`;
  if (!/:[\w.-]+$/.test(image) || image.endsWith(":latest")) yield `takes any version of ${image}`;
  if (ports.some(({ hostPort }: Tree) => hostPort)) yield "takes a port of its node";
}

function* resourceRules({ requests = {}, limits = {} }: Tree) {
  for (const [name, read] of [
    ["cpu", coresOf],
    ["memory", bytesOf],
  ] as const) {
    if (!limits[name]) yield `has no limit of ${name}`;
    if (!requests[name]) yield `requests no ${name}`;
    if (limits[name] && requests[name] && read(requests[name]) > read(limits[name]))
      yield `requests more ${name} than its limit`;
  }
}

function* mountRules({ volumeMounts = [] }: Tree) {
  for (const { name, subPath, subPathExpr } of volumeMounts) {
    // kubelet never renews what is mounted so: a new certificate would not be seen.
    if (subPath || subPathExpr) yield `mounts a part of ${name}`;
  }
}

import { describe, expect, test } from "@jest/globals";
import { type Manifest, manifestsOf, named, OVERLAYS, ofKind, type Tree } from "./manifests.ts";
import { podProblems } from "./pod-problems.ts";
import { podTemplates } from "./pods.ts";

const manifests = {
  local: await manifestsOf("local"),
  production: await manifestsOf("production"),
};

describe.each(OVERLAYS)("in %s", (overlay) => {
  test("every pod runs without root, without rights, read-only and within limits", () => {
    const pods = podTemplates(manifests[overlay]);
    expect(pods.length).toBeGreaterThanOrEqual(7);
    expect(pods.flatMap(podProblems)).toEqual([]);
  });

  test("no ServiceAccount has a token, each pod has one of its own, and none is left over", () => {
    const accounts = ofKind(manifests[overlay], "ServiceAccount");
    expect(accounts.filter((account) => account.automountServiceAccountToken !== false)).toEqual([]);
    const names = accounts.map(({ metadata }) => metadata.name).sort();
    const used = podTemplates(manifests[overlay]).map(({ spec }) => spec.serviceAccountName);
    expect(used.sort()).toEqual(names);
  });

  test("nobody is given rights at the API server", () => {
    expect(ofKind(manifests[overlay], "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")).toEqual([]);
  });

  test("the namespace lets in only what is restricted, and holds everything", () => {
    const { labels } = named(manifests[overlay], "Namespace", "ocellus").metadata;
    for (const mode of ["enforce", "audit", "warn"]) {
      expect(labels).toHaveProperty([`pod-security.kubernetes.io/${mode}`], "restricted");
    }
    const elsewhere = manifests[overlay].filter(
      ({ kind, metadata }) => kind !== "Namespace" && metadata.namespace !== "ocellus",
    );
    expect(elsewhere).toEqual([]);
  });
});

/** The ingest pod with one thing done wrong. */
function spoilt(spoil: (spec: Tree, container: Tree) => void): string[] {
  const [pod] = podTemplates(structuredClone([named(manifests.local, "Deployment", "ingest") as Manifest]));
  spoil(pod!.spec, pod!.spec.containers[0]);
  return podProblems(pod!);
}

const WRONGS: [string, (spec: Tree, container: Tree) => void, string][] = [
  ["may be root", (spec) => delete spec.securityContext.runAsNonRoot, "may run as root"],
  ["is root", (spec) => (spec.securityContext.runAsUser = 0), "names no user, or root"],
  ["is of root's group", (spec) => delete spec.securityContext.runAsGroup, "names no group, or that of root"],
  ["has no seccomp profile", (spec) => delete spec.securityContext.seccompProfile, "has no seccomp profile"],
  ["has the node's network", (spec) => (spec.hostNetwork = true), "has hostNetwork"],
  ["has a token", (spec) => delete spec.automountServiceAccountToken, "mounts a token"],
  ["has the namespace's account", (spec) => delete spec.serviceAccountName, "has no ServiceAccount of its own"],
  ["takes variables of Services", (spec) => delete spec.enableServiceLinks, "takes environment variables of Services"],
  [
    "mounts the node's files",
    (spec) => (spec.volumes[0] = { name: "tls", hostPath: {} }),
    "the volume tls is a hostPath",
  ],
  [
    "brings its own token",
    (spec) => (spec.volumes[0] = { name: "tls", projected: {} }),
    "the volume tls is a projected",
  ],
  ["has a volume for nobody", (spec) => spec.volumes.push({ name: "x", emptyDir: {} }), "nobody mounts the volume x"],
  [
    "has one that runs first as root",
    (spec) => (spec.initContainers = [{ name: "first", image: "a:1" }]),
    "first: may gain rights",
  ],
  ["may gain rights", (_, own) => delete own.securityContext.allowPrivilegeEscalation, "ingest: may gain rights"],
  [
    "writes anywhere",
    (_, own) => delete own.securityContext.readOnlyRootFilesystem,
    "ingest: may write to its root file system",
  ],
  ["keeps capabilities", (_, own) => (own.securityContext.capabilities.drop = ["NET_RAW"]), "ingest: has capabilities"],
  [
    "adds capabilities",
    (_, own) => (own.securityContext.capabilities.add = ["NET_BIND_SERVICE"]),
    "ingest: has capabilities",
  ],
  ["is privileged", (_, own) => (own.securityContext.privileged = true), "ingest: is privileged"],
  ["is root after all", (_, own) => (own.securityContext.runAsUser = 0), "ingest: undoes what its pod says: runAsUser"],
  [
    "has no version",
    (_, own) => (own.image = "ghcr.io/ocellus/ocellus"),
    "ingest: takes any version of ghcr.io/ocellus/ocellus",
  ],
  ["takes the node's port", (_, own) => (own.ports[0].hostPort = 1), "ingest: takes a port of its node"],
  ["has no limit of memory", (_, own) => delete own.resources.limits.memory, "ingest: has no limit of memory"],
  ["has no limit of cpu", (_, own) => delete own.resources.limits.cpu, "ingest: has no limit of cpu"],
  ["requests nothing", (_, own) => delete own.resources.requests.cpu, "ingest: requests no cpu"],
  [
    "requests too much",
    (_, own) => (own.resources.requests.memory = "2Gi"),
    "ingest: requests more memory than its limit",
  ],
  ["mounts a single file", (_, own) => (own.volumeMounts[0].subPath = "tls.crt"), "ingest: mounts a part of tls"],
];

test.each(WRONGS)("a pod that %s is found", (_, spoil, problem) => {
  expect(spoilt(spoil)).toContain(`Deployment ingest: ${problem}`);
});

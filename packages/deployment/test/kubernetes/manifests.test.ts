import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { findKubectl } from "./find-kubectl.ts";
import { type Manifest, manifestsOf, named, OVERLAYS, ofKind, parseManifests, type Tree } from "./manifests.ts";
import { schemaProblems } from "./schema-problems.ts";

const manifests = {
  local: await manifestsOf("local"),
  production: await manifestsOf("production"),
};

test.each(OVERLAYS)(
  "every object of %s is as the schema of its kind says, and has no field that it does not know",
  async (overlay) => {
    const problems = await Promise.all(manifests[overlay].map(schemaProblems));
    expect(manifests[overlay].length).toBeGreaterThan(50);
    expect(problems.flat()).toEqual([]);
  },
);

test("in production the Prometheus operator and Grafana are told what to watch", () => {
  const [rules] = ofKind(manifests.production, "PrometheusRule");
  expect(rules!.spec.groups.length).toBeGreaterThan(0);
  const dashboard = named(manifests.production, "ConfigMap", "ocellus-dashboard");
  expect(dashboard.metadata.labels).toMatchObject({ grafana_dashboard: "1" });
  expect(ofKind(manifests.local, "PrometheusRule", "PodMonitor", "Cluster")).toEqual([]);
});

test.each(OVERLAYS)("no two objects of %s are one", (overlay) => {
  const names = manifests[overlay].map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

const WRONGS: [string, Manifest, (object: Tree) => void, string][] = [
  [
    "of a pod that is misspelt",
    named(manifests.local, "Deployment", "ingest"),
    ({ spec }) => (spec.template.spec.containers[0].resource = {}),
    "/spec/template/spec/containers/0/resource is no field of apps/v1",
  ],
  [
    "beside spec",
    named(manifests.local, "NetworkPolicy", "ingest"),
    (policy) => (policy.egress = []),
    "/egress is no field of networking.k8s.io/v1",
  ],
  [
    "of a certificate",
    named(manifests.local, "Certificate", "ingest"),
    ({ spec }) => (spec.dnsName = ["x"]),
    "/spec/dnsName is no field of cert-manager.io/v1",
  ],
  [
    "of CloudNativePG",
    named(manifests.production, "Cluster", "postgres"),
    ({ spec }) => (spec.postgresql.pgHba = []),
    "/spec/postgresql/pgHba is no field of postgresql.cnpg.io/v1",
  ],
  [
    "of the Prometheus operator",
    named(manifests.production, "PodMonitor", "ocellus"),
    ({ spec }) => (spec.podMetricsEndpoints[0].every = "1s"),
    "/spec/podMetricsEndpoints/0/every is no field of monitoring.coreos.com/v1",
  ],
];

test.each(WRONGS)("a field %s is found", async (_, manifest, spoil, problem) => {
  const spoilt = structuredClone(manifest);
  spoil(spoilt);
  expect(await schemaProblems(spoilt)).toEqual([`${manifest.kind} ${manifest.metadata.name}: ${problem}`]);
});

test("a value of the wrong type, a kind that there is not, and a key that stands twice are found", async () => {
  const spoilt: Tree = structuredClone(named(manifests.local, "Deployment", "ingest"));
  spoilt.spec.template.spec.containers[0].ports[0].containerPort = "50051";
  expect(await schemaProblems(spoilt)).toEqual([expect.stringContaining("containerPort must be integer")]);
  const unknown = { ...spoilt, kind: "Deploiment" };
  expect(await schemaProblems(unknown)).toEqual(["Deploiment ingest: there is no Deploiment in apps/v1"]);
  expect(() => parseManifests("kind: A\nkind: B\n")).toThrow("unique");
});

test("a kubectl that is too old or not there is replaced, and where none can be had it is said what to do", async () => {
  using folder = temporaryFolder();
  const old = JSON.stringify({ clientVersion: { gitVersion: "v1.20.2" } });
  writeFileSync(join(folder.path, "kubectl"), `#!/bin/sh\necho '${old}'\n`, { mode: 0o755 });
  const answers = { folders: [folder.path], install: async (target: string) => `${target}/kubectl` };
  expect(await findKubectl("/elsewhere", answers)).toBe("/elsewhere/kubectl");
  const nothing = { folders: [], install: async () => undefined };
  await expect(findKubectl("/elsewhere", nothing)).rejects.toThrow("There is no kubectl 1.27 or newer on PATH");
});

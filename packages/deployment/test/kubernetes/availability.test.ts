import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { startHealthServer } from "@ocellus/runtime/health-server.ts";
import { GRACE_MS } from "@ocellus/runtime/lifecycle.ts";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { manifestsOf, named, OVERLAYS, ofKind, type Tree } from "./manifests.ts";
import { selects } from "./network.ts";
import { containersOf, podTemplates } from "./pods.ts";
import { danglingReferences } from "./references.ts";

/** What closing connections may take, after the calls that run have had their grace. */
const CLOSING_S = 15;
const IMAGE = "ghcr.io/ocellus/ocellus";
const { version } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8"));

const manifests = {
  local: await manifestsOf("local"),
  production: await manifestsOf("production"),
};

describe.each(OVERLAYS)("in %s", (overlay) => {
  const all = manifests[overlay];
  const pods = podTemplates(all);
  const services = ofKind(all, "Deployment");

  test("kubelet and Prometheus ask for what the health server of the code serves", async () => {
    const health = await startHealthServer("127.0.0.1", 0);
    const paths = new Set(
      pods
        .filter(({ kind }) => kind === "Deployment")
        .flatMap(({ spec }) => spec.containers)
        .flatMap(({ startupProbe, livenessProbe, readinessProbe }) => {
          const probes = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet);
          expect(probes.map(({ port }) => port)).toEqual(["health", "health", "health"]);
          return probes.map(({ path }) => path);
        }),
    );
    const scraped = services.map(({ spec }) => spec.template.metadata.annotations);
    for (const annotations of scraped) {
      expect(annotations).toMatchObject({ "prometheus.io/scrape": "true", "prometheus.io/port": "8081" });
      paths.add(annotations["prometheus.io/path"]);
    }
    const codes = await Promise.all(
      [...paths].map(async (path) => [path, (await fetch(`http://127.0.0.1:${health.port}${path}`)).status]),
    );
    await health.stop();
    expect(new Map(codes as [string, number][])).toEqual(
      new Map([
        ["/livez", 200],
        ["/readyz", 503],
        ["/metrics", 200],
      ]),
    );
  });

  test("a service that is stopped is given the time that it takes itself", () => {
    for (const { spec } of services) {
      const { terminationGracePeriodSeconds, containers } = spec.template.spec;
      const waits = containers[0].lifecycle.preStop.sleep.seconds;
      expect(waits).toBeGreaterThanOrEqual(5);
      expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(waits + GRACE_MS / 1000 + CLOSING_S);
    }
  });

  test("each service has replicas that its HorizontalPodAutoscaler counts, and that may go one at a time", () => {
    expect(services.map(({ metadata }) => metadata.name).sort()).toEqual([
      "aggregation",
      "gateway",
      "ingest",
      "sessions",
    ]);
    for (const { metadata, spec } of services) {
      const { minReplicas, maxReplicas, scaleTargetRef } = named(all, "HorizontalPodAutoscaler", metadata.name).spec;
      expect(scaleTargetRef).toEqual({ apiVersion: "apps/v1", kind: "Deployment", name: metadata.name });
      expect(minReplicas).toBe(overlay === "local" ? 1 : 2);
      expect(maxReplicas).toBeGreaterThan(minReplicas);
      // Applied again it would set them back.
      expect(spec).not.toHaveProperty("replicas");
      expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
      const budget = named(all, "PodDisruptionBudget", metadata.name).spec;
      expect(budget).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" });
      expect(selects(budget.selector, spec.template.metadata.labels)).toBe(true);
    }
    expect(ofKind(all, "HorizontalPodAutoscaler")).toHaveLength(services.length);
  });

  test("every selector selects pods that there are, and every port leads to one that they name", () => {
    for (const { metadata, spec } of ofKind(all, "Service")) {
      const owners = pods.filter(({ labels }) => selects({ matchLabels: spec.selector }, labels));
      expect([metadata.name, owners]).toEqual([metadata.name, [expect.anything()]]);
      const ports = owners[0]!.spec.containers.flatMap(({ ports = [] }: Tree) => ports.map(({ name }: Tree) => name));
      expect(ports).toEqual(expect.arrayContaining(spec.ports.map(({ targetPort }: Tree) => targetPort)));
    }
    for (const { kind, metadata, spec } of ofKind(all, "Deployment", "StatefulSet", "PodDisruptionBudget")) {
      const selected = pods.filter(({ labels }) => selects(spec.selector, labels));
      expect([kind, selected.map(({ name }) => name)]).toEqual([kind, [metadata.name]]);
    }
  });

  test("callers of gRPC see all replicas, whatever these lack at the moment", () => {
    for (const name of ["ingest", "sessions", "aggregation"]) {
      const { clusterIP, publishNotReadyAddresses } = named(all, "Service", name).spec;
      expect({ clusterIP, publishNotReadyAddresses }).toEqual({ clusterIP: "None", publishNotReadyAddresses: true });
    }
  });

  test("all that an object names is there, but for the Secret of the first administrator", () => {
    expect(danglingReferences(all)).toEqual([]);
    const env = containersOf(pods.find(({ name }) => name === "gateway")!)[0].env;
    const secrets = env.map(({ valueFrom }: Tree) => valueFrom.secretKeyRef);
    expect(secrets).toEqual([
      { name: "administrator", key: "id", optional: true },
      { name: "administrator", key: "secret", optional: true },
    ]);
  });

  test("all programs are of one version, that of the project, and no image is of any other than is tried", () => {
    const images = new Set(pods.flatMap((pod) => containersOf(pod).map(({ image }) => image)));
    const others = overlay === "local" ? ["nats:2-alpine", "postgres:17-bookworm"] : ["nats:2-alpine"];
    expect(images).toEqual(new Set([`${IMAGE}:${version}`, ...others]));
  });

  test("each version migrates by a Job of its own name, as one that has run cannot be changed", () => {
    const [job, ...others] = ofKind(all, "Job");
    expect(others).toEqual([]);
    expect(job!.metadata.name).toBe(`migrate-${version}`);
    expect(job!.spec.ttlSecondsAfterFinished).toBeGreaterThan(0);
  });

  test("the daily job runs at 02:00 UTC, one at a time", () => {
    const [job] = ofKind(all, "CronJob");
    expect(job!.spec).toMatchObject({ schedule: "0 2 * * *", timeZone: "Etc/UTC", concurrencyPolicy: "Forbid" });
  });
});

test("each PodMonitor selects pods that name its ports", () => {
  const all = manifests.production;
  const [own, postgres] = ofKind(all, "PodMonitor");
  const selected = podTemplates(all).filter(({ labels }) => selects(own!.spec.selector, labels));
  expect(selected.map(({ name }) => name).sort()).toEqual(["aggregation", "gateway", "ingest", "sessions"]);
  const [{ port, path }] = own!.spec.podMetricsEndpoints;
  expect(path).toBe("/metrics");
  for (const { spec } of selected)
    expect(spec.containers[0].ports).toContainEqual(expect.objectContaining({ name: port }));
  const [cluster] = ofKind(all, "Cluster");
  expect(postgres!.spec.selector.matchLabels).toEqual({ "cnpg.io/cluster": cluster!.metadata.name });
});

test("in production replicas stand on different nodes", () => {
  const pods = podTemplates(manifests.production);
  for (const { labels, spec } of pods.filter(({ kind }) => kind === "Deployment")) {
    const [nodes] = spec.topologySpreadConstraints;
    expect(nodes).toMatchObject({
      topologyKey: "kubernetes.io/hostname",
      maxSkew: 1,
      whenUnsatisfiable: "DoNotSchedule",
    });
    expect(selects(nodes.labelSelector, labels)).toBe(true);
  }
  const nats = pods.find(({ name }) => name === "nats")!;
  const [apart] = nats.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
  expect(apart.topologyKey).toBe("kubernetes.io/hostname");
  expect(selects(apart.labelSelector, nats.labels)).toBe(true);
  const [cluster] = ofKind(manifests.production, "Cluster");
  expect(cluster!.spec).toMatchObject({
    instances: 3,
    postgresql: { synchronous: { method: "any", number: 1 } },
    affinity: { podAntiAffinityType: "required", topologyKey: "kubernetes.io/hostname" },
  });
});

test("in production NATS writes to the disk before it confirms", () => {
  const { env } = podTemplates(manifests.production).find(({ name }) => name === "nats")!.spec.containers[0];
  expect(env).toContainEqual({ name: "CONFIGURATION", value: "cluster.conf" });
  const config = ofKind(manifests.production, "ConfigMap").find(({ metadata }) =>
    metadata.name.startsWith("nats-config"),
  );
  expect(config!.data["cluster.conf"]).toMatch(/^\s*sync_interval: always$/m);
});

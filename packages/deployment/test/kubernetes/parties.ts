import type { Manifest } from "./manifests.ts";
import { ofKind } from "./manifests.ts";
import { OWN_NAMESPACE, type Party } from "./network.ts";
import { podTemplates } from "./pods.ts";

/** What CloudNativePG's pods serve: PostgreSQL, their status, metrics. */
const POSTGRES_PORTS = ["TCP 5432", "TCP 8000", "TCP 9187"];

/** A port that nobody uses. */
const UNUSED = "TCP 9999";

/** Everybody whom policies may speak of, and some of whom they must not. */
export function partiesOf(manifests: readonly Manifest[]): Party[] {
  const pods = podTemplates(manifests).map(({ labels, spec }) => ({
    name: labels["app.kubernetes.io/name"]!,
    labels,
    namespace: OWN_NAMESPACE,
    ports: [...portsOf(spec.containers), UNUSED],
  }));
  const clusters = ofKind(manifests, "Cluster").map(({ metadata: { name }, spec }) => ({
    name,
    // CloudNativePG gives its pods the first by itself.
    labels: { "cnpg.io/cluster": name, ...spec.inheritedMetadata.labels },
    namespace: OWN_NAMESPACE,
    ports: [...POSTGRES_PORTS, UNUSED],
  }));
  return [
    ...pods,
    ...clusters,
    { name: "another pod", labels: {}, namespace: OWN_NAMESPACE, ports: [UNUSED] },
    {
      name: "cert-manager's answer",
      labels: { "acme.cert-manager.io/http01-solver": "true" },
      namespace: OWN_NAMESPACE,
      ports: ["TCP 8089", UNUSED],
    },
    ...OUTSIDERS,
  ];
}

function portsOf(containers: { ports?: { containerPort: number; protocol?: string }[] }[]): string[] {
  const ports = containers.flatMap(({ ports = [] }) => ports);
  return ports.map(({ protocol = "TCP", containerPort }) => `${protocol} ${containerPort}`);
}

const nameIs = (name: string) => ({ "kubernetes.io/metadata.name": name });

const OUTSIDERS: Party[] = [
  {
    name: "the ingress controller",
    labels: {},
    namespace: { ...nameIs("proxies"), "ocellus.dev/ingress": "true" },
    ports: ["TCP 80", UNUSED],
  },
  {
    name: "Prometheus",
    labels: {},
    namespace: { ...nameIs("metrics"), "ocellus.dev/monitoring": "true" },
    ports: ["TCP 9090", UNUSED],
  },
  {
    name: "DNS",
    labels: { "k8s-app": "kube-dns" },
    namespace: nameIs("kube-system"),
    ports: ["UDP 53", "TCP 53", UNUSED],
  },
  { name: "the operator of PostgreSQL", labels: {}, namespace: nameIs("cnpg-system"), ports: [UNUSED] },
  { name: "the API server", labels: {}, namespace: {}, ports: ["TCP 443", "TCP 6443"] },
  {
    name: "a stranger",
    labels: { "app.kubernetes.io/name": "gateway" },
    namespace: nameIs("default"),
    ports: ["TCP 53", "TCP 80", "TCP 50051", UNUSED],
  },
];

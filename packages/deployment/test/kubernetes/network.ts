import type { Manifest, Tree } from "./manifests.ts";
import { ofKind } from "./manifests.ts";

/** Somebody on the network of the cluster. */
export interface Party {
  name: string;
  labels: Record<string, string>;
  /** The labels of its namespace; those of the suite's own namespace for its pods. */
  namespace: Record<string, string>;
  /** On which it might be called: `TCP 50051`. */
  ports: string[];
}

/** The labels of the namespace of the suite. */
export const OWN_NAMESPACE: Readonly<Record<string, string>> = { "kubernetes.io/metadata.name": "ocellus" };

/** All calls that the NetworkPolicies allow between the parties, as `ingest -> nats TCP 4222`. Outsiders among themselves do not count. */
export function allowedArrows(manifests: readonly Manifest[], parties: readonly Party[]): string[] {
  const policies = ofKind(manifests, "NetworkPolicy").map(({ spec }) => spec);
  return parties.flatMap((from) =>
    parties.flatMap((to) => {
      if (!isOwn(from) && !isOwn(to)) return [];
      const open = (port: string) =>
        allows(policies, "egress", from, to, port) && allows(policies, "ingress", to, from, port);
      return to.ports.filter(open).map((port) => `${from.name} -> ${to.name} ${port}`);
    }),
  );
}

function isOwn({ namespace }: Party): boolean {
  return namespace["kubernetes.io/metadata.name"] === OWN_NAMESPACE["kubernetes.io/metadata.name"];
}

/** Whether `own` may call (egress), or be called (ingress), as far as its own policies go. */
function allows(policies: readonly Tree[], direction: "egress" | "ingress", own: Party, other: Party, port: string) {
  if (!isOwn(own)) return true;
  const type = direction === "egress" ? "Egress" : "Ingress";
  const concerning = policies.filter(
    ({ podSelector, policyTypes }) => policyTypes.includes(type) && selects(podSelector, own.labels),
  );
  if (concerning.length === 0) return true;
  const rules: Tree[] = concerning.flatMap((policy) => policy[direction] ?? []);
  return rules.some((rule) => {
    const peers: Tree[] | undefined = rule[direction === "egress" ? "to" : "from"];
    return (!peers || peers.some((peer) => isPeer(peer, other))) && hasPort(rule.ports, port);
  });
}

function isPeer({ podSelector, namespaceSelector, ...unknown }: Tree, party: Party): boolean {
  if (Object.keys(unknown).length > 0) throw new Error(`Who is ${JSON.stringify(unknown)}?`);
  const inNamespace = namespaceSelector ? selects(namespaceSelector, party.namespace) : isOwn(party);
  return inNamespace && (!podSelector || selects(podSelector, party.labels));
}

function hasPort(ports: Tree[] | undefined, port: string): boolean {
  return !ports || ports.some(({ protocol = "TCP", port: number }) => `${protocol} ${number}` === port);
}

/** Whether a label selector of Kubernetes selects what has these labels. */
export function selects(selector: Tree, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [], ...unknown } = selector;
  if (Object.keys(unknown).length > 0) throw new Error(`A selector has no ${Object.keys(unknown)}`);
  const expressions: Tree[] = matchExpressions;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    expressions.every(({ key, operator, values }) => {
      if (operator !== "In") throw new Error(`${operator} is not read here`);
      return values.includes(labels[key]);
    })
  );
}

import { describe, expect, test } from "@jest/globals";
import { arrowsOfCode, PEERS_OF, POD_NAMES } from "./arrows.ts";
import { type Manifest, manifestsOf, named, OVERLAYS, type Tree } from "./manifests.ts";
import { allowedArrows } from "./network.ts";
import { partiesOf } from "./parties.ts";

const manifests = {
  local: await manifestsOf("local"),
  production: await manifestsOf("production"),
};

const asksNames = (pod: string) => [`${pod} -> DNS UDP 53`, `${pod} -> DNS TCP 53`];

/** What servers do among themselves, and what looks after them. */
const SERVER_ARROWS = {
  local: ["nats", "postgres"].flatMap(asksNames),
  production: [
    ...["nats", "postgres"].flatMap(asksNames),
    "nats -> nats TCP 6222",
    "postgres -> postgres TCP 5432",
    "postgres -> postgres TCP 8000",
    "the operator of PostgreSQL -> postgres TCP 8000",
    "Prometheus -> postgres TCP 9187",
    "postgres -> the API server TCP 443",
    "postgres -> the API server TCP 6443",
    "the ingress controller -> cert-manager's answer TCP 8089",
  ],
};

describe.each(OVERLAYS)("in %s", (overlay) => {
  test("the network lets through every call that the code makes, and no other", () => {
    const expected = [
      ...arrowsOfCode(),
      ...SERVER_ARROWS[overlay],
      ...[...POD_NAMES, "another pod", "cert-manager's answer"].flatMap(asksNames),
    ];
    expect(allowedArrows(manifests[overlay], partiesOf(manifests[overlay])).sort()).toEqual(expected.sort());
  });
});

test("every peer that a service may be called by calls it, and no other peer does", () => {
  // The daily job has the certificate of the sessions service.
  const peer = (pod: string) => pod.replace("close-sessions", "sessions");
  for (const [service, peers] of Object.entries(PEERS_OF)) {
    const callers = arrowsOfCode().flatMap((arrow) => {
      const [from, to] = arrow.split(" -> ");
      return to === `${service} TCP 50051` ? [peer(from!)] : [];
    });
    expect([service, new Set(callers)]).toEqual([service, peers]);
  }
});

const WRONGS: [string, string, (spec: Tree) => void, string][] = [
  ["lets everybody call", "sessions", (spec) => delete spec.ingress[0].from, "a stranger -> sessions TCP 50051"],
  [
    "lets everybody in the cluster call",
    "ingest",
    ({ ingress }) => (ingress[0].from[0].namespaceSelector = {}),
    "a stranger -> ingest TCP 50051",
  ],
  ["lets it call all of NATS", "gateway", ({ egress }) => egress.push({}), "gateway -> a stranger TCP 80"],
  ["opens all ports", "aggregation", ({ ingress }) => delete ingress[1].ports, "Prometheus -> aggregation TCP 50051"],
  [
    "is for incoming calls alone",
    "deny-all",
    (spec) => (spec.policyTypes = ["Ingress"]),
    "another pod -> a stranger TCP 80",
  ],
];

test.each(WRONGS)("a policy that %s is found", (_, name, spoil, arrow) => {
  const spoilt: Manifest[] = structuredClone(manifests.local);
  if (name === "deny-all") spoilt.splice(spoilt.indexOf(named(spoilt, "NetworkPolicy", "ask-names")), 1);
  spoil(named(spoilt, "NetworkPolicy", name).spec);
  expect(allowedArrows(manifests.local, partiesOf(manifests.local))).not.toContain(arrow);
  expect(allowedArrows(spoilt, partiesOf(spoilt))).toContain(arrow);
});

test("a policy that is forgotten is missed", () => {
  const spoilt = manifests.local.filter(({ kind, metadata }) => kind !== "NetworkPolicy" || metadata.name !== "ingest");
  expect(allowedArrows(spoilt, partiesOf(spoilt))).not.toContain("gateway -> ingest TCP 50051");
});

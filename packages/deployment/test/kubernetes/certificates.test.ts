import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { WARN_DAYS } from "@ocellus/runtime/follow-certificates.ts";
import { peerNameOf } from "@ocellus/runtime/peer-name.ts";
import { issueAuthority, issueCertificate } from "@ocellus/suite/issue-certificate.ts";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { PEERS_OF, POD_NAMES, POD_PROGRAMS } from "./arrows.ts";
import { environmentOf, SECRET } from "./environment.ts";
import { type Manifest, manifestsOf, OVERLAYS, ofKind, type Tree } from "./manifests.ts";
import { podTemplates } from "./pods.ts";

const DAY_HOURS = 24;
const manifests = {
  local: await manifestsOf("local"),
  production: await manifestsOf("production"),
};
const authority = await issueAuthority();

/** A certificate with the names that cert-manager would give it. */
async function issued({ spec }: Tree): Promise<X509Certificate> {
  const { commonName, dnsNames = [] } = spec;
  const { certificate } = await issueCertificate({ name: commonName, dns: dnsNames, ip: [], server: true }, authority);
  return new X509Certificate(certificate);
}

/** The Certificate whose Secret the pods of a name mount. */
function certificateOf(all: readonly Manifest[], pod: string): Tree {
  const { spec } = podTemplates(all).find(({ labels }) => labels["app.kubernetes.io/name"] === pod)!;
  const { secretName } = spec.volumes.find(({ name }: Tree) => name === "tls").secret;
  return ofKind(all, "Certificate").find((certificate) => certificate.spec.secretName === secretName);
}

/** The peer that a service takes the holder of a certificate for. */
function peerIn({ subjectAltName }: X509Certificate): string {
  const sslPeerCertificate = { subjectaltname: subjectAltName };
  return peerNameOf({ getAuthContext: () => ({ sslPeerCertificate }) } as unknown as Parameters<typeof peerNameOf>[0]);
}

function hostIn(text: string): string | undefined {
  return /^(?:dns:\/\/\/|\w+:\/\/(?:\w+@)?)([\w-]+):\d+/.exec(text)?.[1];
}

describe.each(OVERLAYS)("in %s", (overlay) => {
  const all = manifests[overlay];
  const certificates = ofKind(all, "Certificate").filter(({ spec }) => !spec.isCA);
  const environment = (pod: keyof typeof POD_PROGRAMS) => environmentOf(all, POD_PROGRAMS[pod]);

  test("everybody who calls a service is taken for the peer that may call it, and nobody else for any", async () => {
    const peers = new Set(Object.values(PEERS_OF).flatMap((names) => [...names]));
    const owners = new Map<string, string>();
    for (const certificate of certificates) owners.set(peerIn(await issued(certificate)), certificate.metadata.name);
    for (const peer of peers) expect([peer, owners.get(peer)]).toEqual([peer, peer]);
    const named = [...owners.keys()].filter(Boolean).sort();
    // NATS has a name, by which the servers of its cluster know each other; no table of methods has it.
    expect(named).toEqual(["aggregation", "nats", ...peers].sort());
  });

  test("each server's certificate has every name by which the programs call it", async () => {
    const called = POD_NAMES.flatMap((pod) =>
      Object.values(environment(pod)).flatMap((text) => (text === SECRET ? [] : (hostIn(text) ?? []))),
    );
    expect(new Set(called)).toEqual(new Set(["ingest", "sessions", "aggregation", "nats", "postgres-rw"]));
    for (const host of called) {
      const own = certificates.find(({ spec }) => spec.secretName === `${host.replace("-rw", "")}-tls`)!;
      expect([host, (await issued(own)).checkHost(host)]).toEqual([host, host]);
      expect(own.spec.usages).toContain("server auth");
    }
  });

  test("NATS knows each program that calls it as the user of its name, and no other program at all", () => {
    const users = [
      ...readFileSync(join(repositoryRoot, "deploy/nats/users.conf"), "utf8").matchAll(/^\s*user: "(.*)"/gm),
    ].map(([, user]) => user!);
    expect(users).toContain("ingest.ocellus");
    for (const pod of POD_NAMES) {
      const { commonName, dnsNames = [] } = certificateOf(all, pod).spec;
      const known = dnsNames.filter((name: string) => users.includes(name));
      const isNeeded = "NATS_URL" in environment(pod);
      // It has the certificate of the sessions service, and no way to NATS.
      if (pod === "close-sessions") continue;
      expect([pod, known]).toEqual([pod, isNeeded ? [`${pod}.ocellus`] : []]);
      // Without a subject NATS finds no name in the SAN, either.
      expect(commonName).toBe(pod);
    }
  });

  test("PostgreSQL lets each program in as the role in its URL, and no other program at all", () => {
    const lines = readFileSync(join(repositoryRoot, "deploy/postgres/server/pg_ident.conf"), "utf8").split("\n");
    const roles = new Map(
      lines
        .filter((line) => line && !line.startsWith("#"))
        .map((line) => line.split(/\s+/).slice(1) as [string, string]),
    );
    const wanted = POD_NAMES.flatMap((pod) => {
      const url = environment(pod).DATABASE_URL;
      return typeof url === "string" ? [[certificateOf(all, pod).spec.commonName, new URL(url).username] as const] : [];
    });
    expect(roles).toEqual(new Map(wanted));
  });

  test("certificates are short, are renewed before anybody warns, with another key, and on elliptic curves", () => {
    const hours = (text: string) => Number(/^(\d+)h$/.exec(text)![1]);
    for (const { metadata, spec } of certificates) {
      const { duration, renewBefore, privateKey, issuerRef, usages } = spec;
      expect([metadata.name, issuerRef]).toEqual([
        metadata.name,
        { group: "cert-manager.io", kind: "Issuer", name: "suite" },
      ]);
      expect(privateKey).toEqual({ algorithm: "ECDSA", size: 256, encoding: "PKCS8", rotationPolicy: "Always" });
      expect(hours(duration)).toBeLessThanOrEqual(30 * DAY_HOURS);
      expect(hours(renewBefore)).toBeGreaterThan(WARN_DAYS * DAY_HOURS);
      expect(hours(renewBefore)).toBeLessThan(hours(duration));
      expect(usages.every((usage: string) => ["digital signature", "server auth", "client auth"].includes(usage))).toBe(
        true,
      );
    }
  });

  test("whoever calls anybody may do so with its certificate", () => {
    for (const pod of POD_NAMES)
      expect([pod, certificateOf(all, pod).spec.usages]).toEqual([pod, expect.arrayContaining(["client auth"])]);
  });
});

test("the servers of the NATS cluster are called by names that their certificate has", async () => {
  const all = manifests.production;
  const [{ env }] = podTemplates(all).find(({ name }) => name === "nats")!.spec.containers;
  const routes: string = env.find(({ name }: Tree) => name === "CLUSTER_ROUTES").value;
  const hosts = [...routes.matchAll(/tls:\/\/([\w.-]+):6222/g)].map(([, host]) => host!);
  const { replicas, serviceName } = all.find(
    ({ kind, metadata }) => kind === "StatefulSet" && metadata.name === "nats",
  )!.spec;
  expect(hosts).toEqual([0, 1, 2].map((index) => `nats-${index}.${serviceName}`));
  expect(replicas).toBe(3);
  const certificate = await issued(ofKind(all, "Certificate").find(({ metadata }) => metadata.name === "nats"));
  for (const host of hosts) expect(certificate.checkHost(host)).toBe(host);
});

test("what CloudNativePG is told of who may come is what a single PostgreSQL is told", () => {
  const read = (file: string) =>
    readFileSync(join(repositoryRoot, "deploy/postgres/server", file), "utf8")
      .split("\n")
      .filter((line) => line && !line.startsWith("#"))
      .map((line) => line.split(/\s+/).join(" "));
  const { pg_hba, pg_ident } = ofKind(manifests.production, "Cluster")[0]!.spec.postgresql;
  // The superuser's line CloudNativePG has by itself; and it ends with one that lets everybody try passwords.
  const [superuser, ...lines] = read("pg_hba.conf");
  expect(superuser).toBe("local all postgres peer");
  expect(pg_hba).toEqual([...lines, "host all all all reject"]);
  expect(pg_ident).toEqual(read("pg_ident.conf"));
});

test("CloudNativePG watches for the renewed certificates of PostgreSQL", () => {
  const secrets = new Set(Object.values(ofKind(manifests.production, "Cluster")[0]!.spec.certificates));
  const own = ofKind(manifests.production, "Certificate").filter(({ spec }) => secrets.has(spec.secretName));
  expect(own).toHaveLength(2);
  for (const { spec } of own) expect(spec.secretTemplate.labels).toEqual({ "cnpg.io/reload": "" });
});

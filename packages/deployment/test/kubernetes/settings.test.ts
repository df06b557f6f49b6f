import { describe, expect, test } from "@jest/globals";
import { settingsOf, VARIABLES } from "../../src/settings.ts";
import { readComposeFile } from "../compose-file.ts";
import { POD_NAMES, POD_PROGRAMS } from "./arrows.ts";
import { environmentOf, SECRET } from "./environment.ts";
import { manifestsOf, named, OVERLAYS, ofKind, type Tree } from "./manifests.ts";
import { podTemplates } from "./pods.ts";

const manifests = {
  local: await manifestsOf("local"),
  production: await manifestsOf("production"),
};

/** Every program that runs in a pod, in every overlay. */
const RUNS = OVERLAYS.flatMap((overlay) => POD_NAMES.map((pod) => [POD_PROGRAMS[pod], overlay, pod] as const));

/** The variables that name a port, and what their containers call it. */
const PORTS = { GRPC_PORT: "grpc", HTTP_PORT: "http", HEALTH_PORT: "health" };

describe.each(RUNS)("%s in %s", (program, overlay, pod) => {
  const variables = environmentOf(manifests[overlay], program);
  const texts = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== SECRET);
  const { spec } = podTemplates(manifests[overlay]).find(({ labels }) => labels["app.kubernetes.io/name"] === pod)!;
  const [container] = spec.containers;

  test("is told all that it needs, nothing that it does not read, and nothing that it would not take", () => {
    const settings = settingsOf(program);
    const known = settings.map(({ name }) => name);
    expect(Object.keys(variables).filter((name) => !known.includes(name))).toEqual([]);
    expect(settings.filter(({ name, required }) => required && !(name in variables))).toEqual([]);
    for (const [name, text] of texts) expect(() => VARIABLES[program][name]!._parse(text)).not.toThrow();
  });

  test("finds the files of which it is told", () => {
    const files = texts.flatMap(([, text]) => text.match(/\/etc\/[\w./-]+/g) ?? []);
    const mounted = container.volumeMounts.flatMap(({ name, mountPath }: Tree) => {
      const { secret } = spec.volumes.find((volume: Tree) => volume.name === name);
      expect(ofKind(manifests[overlay], "Certificate").map((certificate) => certificate.spec.secretName)).toContain(
        secret.secretName,
      );
      return ["ca.crt", "tls.crt", "tls.key"].map((key) => `${mountPath}/${key}`);
    });
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter((file) => !mounted.includes(file))).toEqual([]);
  });

  test("listens where its ports are named", () => {
    const told = Object.entries(PORTS).flatMap(([name, port]) =>
      variables[name] === undefined ? [] : [{ name: port, containerPort: Number(variables[name]) }],
    );
    expect(container.ports ?? []).toEqual(expect.arrayContaining(told));
    expect(container.ports ?? []).toHaveLength(told.length);
    if (told.length > 0) expect(variables.LISTEN_HOST).toBe("0.0.0.0");
  });

  test("calls servers that there are, by the names and ports of their Services", () => {
    for (const [name, text] of texts) {
      const [, host, port] = /^(?:dns:\/\/\/|\w+:\/\/(?:\w+@)?)([\w-]+):(\d+)/.exec(text) ?? [];
      if (!host || !port) continue;
      expect([name, servedPorts(overlay, host)]).toEqual([name, expect.arrayContaining([Number(port)])]);
    }
  });
});

/** The ports of a Service, one of those of CloudNativePG too. */
function servedPorts(overlay: (typeof OVERLAYS)[number], host: string): number[] {
  const ofCluster = ofKind(manifests[overlay], "Cluster").some(({ metadata }) => host === `${metadata.name}-rw`);
  return ofCluster ? [5432] : named(manifests[overlay], "Service", host).spec.ports.map(({ port }: Tree) => port);
}

test.each(OVERLAYS)("the gateway of %s calls itself by the name by which it is reached", (overlay) => {
  const [{ spec }] = ofKind(manifests[overlay], "Ingress") as [Tree];
  expect(environmentOf(manifests[overlay], "gateway").PUBLIC_URL).toBe(`https://${spec.rules[0].host}`);
  expect(spec.tls[0].hosts).toEqual([spec.rules[0].host]);
});

test("streams have a replica on each server of NATS, up to three", () => {
  for (const overlay of OVERLAYS) {
    const { replicas } = named(manifests[overlay], "StatefulSet", "nats").spec;
    expect(environmentOf(manifests[overlay], "ingest").STREAM_REPLICAS).toBe(String(replicas));
  }
});

test("the overlays differ in nothing of what the suite's own programs do", () => {
  const OF_OVERLAYS = ["PUBLIC_URL", "STREAM_REPLICAS"];
  for (const pod of POD_NAMES) {
    const [local, production] = OVERLAYS.map((overlay) => {
      const variables = Object.entries(environmentOf(manifests[overlay], POD_PROGRAMS[pod]));
      return Object.fromEntries(variables.filter(([name]) => !OF_OVERLAYS.includes(name)));
    });
    expect(production).toEqual(local);
  }
});

test("Kubernetes and Compose tell the programs the same, but where the suite is reached and how many servers it has", () => {
  const OF_PLACE = ["PUBLIC_URL", "STREAM_REPLICAS", "FIRST_ADMINISTRATOR_ID", "FIRST_ADMINISTRATOR_SECRET"];
  const told = (variables: Record<string, string | number | typeof SECRET>) =>
    Object.entries(variables)
      .filter(([name]) => !OF_PLACE.includes(name.replace(/_FILE$/, "")))
      .map(([name, value]) => `${name}=${String(value).replace("@postgres-rw:", "@postgres:")}`)
      .toSorted();
  const services = Object.values(readComposeFile().services);
  for (const program of Object.values(POD_PROGRAMS)) {
    const { environment = {} } = services.find(({ command }) => command?.[0] === program)!;
    expect([program, told(environmentOf(manifests.local, program))]).toEqual([program, told(environment)]);
  }
});

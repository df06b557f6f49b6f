import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { CertificateFiles } from "@ocellus/runtime/certificate-files.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { handOut } from "../src/hand-out.ts";

const EVERYBODY = ["aggregation", "gateway", "ingest", "migrate", "nats", "postgres", "sessions"];
const NOBODY = new Map<string, number>();

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  folder = temporaryFolder();
  await handOut({ folder: folder.path, owners: NOBODY, folderOwners: NOBODY });
});
afterAll(() => folder[Symbol.dispose]());

const own = (name: string, file: string) => join(folder.path, name, file);
const certificateOf = (name: string) => new X509Certificate(readFileSync(own(name, "tls.crt")));

test("each gets a folder with the CA, a certificate in its own name, and the key that only its owner reads", () => {
  expect(readdirSync(folder.path).toSorted()).toEqual([...EVERYBODY, "authority"].toSorted());
  const ca = new X509Certificate(readFileSync(join(folder.path, "authority/ca.crt")));
  for (const name of EVERYBODY) {
    const files = { ca: own(name, "ca.crt"), cert: own(name, "tls.crt"), key: own(name, "tls.key") };
    expect(new CertificateFiles(files).expires.getTime()).toBeGreaterThan(Date.now());
    const certificate = certificateOf(name);
    expect([certificate.subject, certificate.verify(ca.publicKey)]).toEqual([`CN=${name}`, true]);
    expect(certificate.subjectAltName).toMatch(new RegExp(`^DNS:${name}\\.ocellus(, DNS:${name})?$`));
    expect(statSync(files.key).mode & 0o777).toBe(0o400);
    expect(statSync(files.cert).mode & 0o777).toBe(0o444);
  }
  expect(readdirSync(join(folder.path, "ingest")).toSorted()).toEqual(["ca.crt", "tls.crt", "tls.key"]);
});

test("those who are called are known by the name of their host, too", () => {
  for (const name of ["ingest", "sessions", "aggregation", "nats", "postgres"]) {
    expect(certificateOf(name).checkHost(name)).toBe(name);
  }
  expect(certificateOf("gateway").checkHost("gateway")).toBeUndefined();
});

test("what is there and good stays, and what is lost is made again", async () => {
  const secret = readFileSync(own("gateway", "administrator-secret"), "utf8");
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(statSync(own("gateway", "administrator-secret")).mode & 0o777).toBe(0o400);
  const [before, sessionsBefore] = [certificateOf("ingest").serialNumber, certificateOf("sessions").serialNumber];
  rmSync(join(folder.path, "authority/sessions.key"));
  rmSync(own("aggregation", "tls.key"));
  await handOut({ folder: folder.path, owners: NOBODY, folderOwners: NOBODY });
  expect(certificateOf("ingest").serialNumber).toBe(before);
  expect(certificateOf("sessions").serialNumber).not.toBe(sessionsBefore);
  expect(statSync(own("aggregation", "tls.key")).mode & 0o777).toBe(0o400);
  expect(readFileSync(own("gateway", "administrator-secret"), "utf8")).toBe(secret);
});

test("keys and folders are given to the users that are named", async () => {
  // Only root can give files to others.
  const uid = process.getuid!() === 0 ? 999 : process.getuid!();
  using data = temporaryFolder();
  const owners = new Map([["postgres", uid]]);
  await handOut({ folder: folder.path, owners, folderOwners: new Map([[data.path, uid]]) });
  for (const file of ["ca.crt", "tls.crt", "tls.key"]) expect(statSync(own("postgres", file)).uid).toBe(uid);
  expect(statSync(own("postgres", "tls.key")).mode & 0o777).toBe(0o400);
  expect(statSync(own("ingest", "tls.key")).uid).toBe(process.getuid!());
  expect(statSync(data.path).uid).toBe(uid);
});

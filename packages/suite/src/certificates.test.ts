import { X509Certificate } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ensureCertificates } from "./certificates.ts";

const NAMES = ["ingest", "sessions", "aggregation", "gateway", "nats", "developer", "operator"];
const FILES = ["ca", ...NAMES].flatMap((name) => [`${name}.crt`, `${name}.key`]);

let made: string;
let folders: string[] = [];

/** A folder of its own with the certificates made once for this file. */
function certificates(): string {
  const folder = mkdtempSync(join(tmpdir(), "ocellus-certificates-"));
  folders.push(folder);
  if (made) cpSync(made, folder, { recursive: true });
  return folder;
}
const read = (folder: string, file: string) => readFileSync(join(folder, file), "utf8");
const certificate = (folder: string, name: string) => new X509Certificate(read(folder, `${name}.crt`));

beforeAll(async () => {
  const folder = certificates();
  await ensureCertificates(folder);
  made = folder;
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
  folders = [];
});

test.each(NAMES)("the certificate of %s is signed by the CA and valid for 825 days", (name) => {
  const authority = certificate(made, "ca");
  const leaf = certificate(made, name);
  expect(leaf.checkIssued(authority)).toBe(true);
  expect(leaf.verify(authority.publicKey)).toBe(true);
  expect((leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / 86_400_000).toBe(825);
});

test("a service's certificate names it, localhost and 127.0.0.1; the developer's names the developer alone", () => {
  expect(certificate(made, "ingest").subjectAltName).toBe("DNS:ingest.ocellus, DNS:localhost, IP Address:127.0.0.1");
  expect(certificate(made, "developer").subjectAltName).toBe("DNS:developer.ocellus");
});

test.each(["ca", ...NAMES])("the key of %s is PKCS #8 and open to its owner alone", (name) => {
  expect(read(made, `${name}.key`)).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  expect(statSync(join(made, `${name}.key`)).mode & 0o777).toBe(0o600);
});

test.each([
  ["developer", "ingest", undefined],
  ["ingest", "developer", "unsuitable certificate purpose"],
])("%s calling %s with TLS 1.3 on both sides' certificates: %s", async (caller, server, problem) => {
  const problemFound = await handshake(made, caller, server);
  expect(problemFound).toBe(problem);
});

test("a second time changes no file", async () => {
  const folder = certificates();
  await ensureCertificates(folder);
  for (const file of FILES) expect(read(folder, file)).toBe(read(made, file));
});

test.each([
  ["is missing", (folder: string) => rmSync(join(folder, "ingest.key"))],
  ["is damaged", (folder: string) => writeFileSync(join(folder, "ingest.crt"), "no certificate")],
  ["has another's key", (folder: string) => cpSync(join(folder, "gateway.key"), join(folder, "ingest.key"))],
])("a certificate that %s is made anew, and no other", async (_, spoil) => {
  const folder = certificates();
  spoil(folder);
  await ensureCertificates(folder);
  expect(certificate(folder, "ingest").verify(certificate(folder, "ca").publicKey)).toBe(true);
  expect(read(folder, "ingest.crt")).not.toBe(read(made, "ingest.crt"));
  expect(read(folder, "gateway.crt")).toBe(read(made, "gateway.crt"));
});

test("what ends within 30 days is made anew", async () => {
  const folder = certificates();
  await ensureCertificates(folder, new Date(Date.now() + 794 * 86_400_000));
  expect(read(folder, "ingest.crt")).toBe(read(made, "ingest.crt"));
  await ensureCertificates(folder, new Date(Date.now() + 796 * 86_400_000));
  for (const name of NAMES) expect(read(folder, `${name}.crt`)).not.toBe(read(made, `${name}.crt`));
  expect(read(folder, "ca.crt")).toBe(read(made, "ca.crt"));
});

test("a new CA signs all certificates anew", async () => {
  const folder = certificates();
  rmSync(join(folder, "ca.key"));
  await ensureCertificates(folder);
  const authority = certificate(folder, "ca");
  expect(authority.verify(certificate(made, "ca").publicKey)).toBe(false);
  for (const name of NAMES) expect(certificate(folder, name).verify(authority.publicKey)).toBe(true);
});

/** What the caller finds wrong with the server, or undefined when both have taken the other's certificate. */
async function handshake(folder: string, caller: string, server: string): Promise<string | undefined> {
  const files = (name: string) => ({
    ca: read(folder, "ca.crt"),
    cert: read(folder, `${name}.crt`),
    key: read(folder, `${name}.key`),
  });
  const tls13 = { minVersion: "TLSv1.3" } as const;
  const listener = createServer({ ...files(server), ...tls13, requestCert: true, rejectUnauthorized: true }, (socket) =>
    socket.on("error", () => socket.destroy()).end((socket as TLSSocket).authorized ? "welcome" : "unknown"),
  );
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = listener.address() as { port: number };
    const socket = connect({ host: "127.0.0.1", port, servername: `${server}.ocellus`, ...files(caller), ...tls13 });
    return await new Promise((resolve) => {
      socket.on("error", (error) => resolve(error.message));
      socket.on("data", (data) => resolve(String(data) === "welcome" ? undefined : String(data)));
    });
  } finally {
    await new Promise((resolve) => listener.close(resolve));
  }
}

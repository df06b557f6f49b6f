import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CertificateSubject, IssuedCertificate } from "./issue-certificate.ts";

const DAY_MS = 86_400_000;
const RENEW_WITHIN_MS = 30 * DAY_MS;

const AUTHORITY = "ca";
const SERVERS = ["ingest", "sessions", "aggregation", "gateway", "nats"];

/** Whom the certificates of `make up` name. The developer, whom services know, and the operator, whom NATS knows, only call, from anywhere. */
const SUBJECTS: readonly CertificateSubject[] = [
  ...SERVERS.map((name) => ({ name, dns: [`${name}.ocellus`, "localhost"], ip: ["127.0.0.1"], server: true })),
  ...["developer", "operator"].map((name) => ({ name, dns: [`${name}.ocellus`], ip: [], server: false })),
];

/**
 * Makes sure that `folder` holds a CA (`ca.crt`, `ca.key`) and, signed by it, `<name>.crt` and `<name>.key` for each subject, by
 * default each service, NATS, the developer and the operator. What is missing, damaged, of another CA or ends within 30 days is made anew.
 */
export async function ensureCertificates(
  folder: string,
  now = new Date(),
  subjects: readonly CertificateSubject[] = SUBJECTS,
): Promise<void> {
  const isFresh = ({ certificate }: Stored) => certificate.validToDate.getTime() - now.getTime() > RENEW_WITHIN_MS;
  mkdirSync(folder, { recursive: true });
  const current = read(folder, AUTHORITY);
  const authority = current && isFresh(current) ? current : undefined;
  const due = subjects.filter((subject) => {
    const stored = read(folder, subject.name);
    return !authority || !stored || !isFresh(stored) || !matches(stored, authority, subject);
  });
  if (authority && due.length === 0) return;

  // Loaded only now: at most starts there is nothing to issue.
  const { issueAuthority, issueCertificate } = await import("./issue-certificate.ts");
  const signer = authority
    ? { certificate: authority.certificate.toString(), key: authority.key }
    : await issueAuthority();
  if (!authority) write(folder, AUTHORITY, signer);
  await Promise.all(due.map(async (subject) => write(folder, subject.name, await issueCertificate(subject, signer))));
}

interface Stored {
  readonly certificate: X509Certificate;
  readonly key: string;
}

/** A certificate and its key, or undefined if either is missing, is damaged or does not match the other. */
function read(folder: string, name: string): Stored | undefined {
  try {
    const certificate = new X509Certificate(readFileSync(join(folder, `${name}.crt`)));
    const key = readFileSync(join(folder, `${name}.key`), "utf8");
    return certificate.checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : undefined;
  } catch {
    return undefined;
  }
}

function matches({ certificate }: Stored, authority: Stored, { dns, ip }: CertificateSubject): boolean {
  const names = [...dns.map((name) => `DNS:${name}`), ...ip.map((address) => `IP Address:${address}`)];
  return certificate.subjectAltName === names.join(", ") && certificate.verify(authority.certificate.publicKey);
}

/** Each file appears whole: services reload their certificates as soon as they change. */
function write(folder: string, name: string, { certificate, key }: IssuedCertificate): void {
  for (const [file, content, mode] of [
    [`${name}.key`, key, 0o600],
    [`${name}.crt`, certificate, 0o644],
  ] as const) {
    const unfinished = join(folder, `.${file}.unfinished`);
    writeFileSync(unfinished, content, { mode });
    renameSync(unfinished, join(folder, file));
  }
}

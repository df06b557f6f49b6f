import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TlsFiles, tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { type IssuedCertificate, issueAuthority, issueCertificate } from "@ocellus/suite/issue-certificate.ts";
import { sharedServers } from "./shared-servers.ts";

/** The CA of the suite under test. */
export function suiteAuthority(): IssuedCertificate {
  const { ca } = tlsFilesIn(sharedServers().certificates, "developer");
  return { certificate: readFileSync(ca, "utf8"), key: readFileSync(ca.replace(/crt$/, "key"), "utf8") };
}

/** A CA that nobody knows. */
export const foreignAuthority = issueAuthority;

/** What is to be in a certificate. */
export interface Wanted {
  authority: IssuedCertificate;
  dns: string[];
  from?: Date;
}

/** Writes a certificate, with the suite's CA as the one to trust, into a folder. */
export async function writeCertificate(folder: string, { authority, dns, from }: Wanted): Promise<TlsFiles> {
  mkdirSync(folder, { recursive: true });
  const subject = { name: dns[0]!, dns, ip: ["127.0.0.1"], server: true };
  const { certificate, key } = await issueCertificate(subject, authority, from);
  const files = { ...tlsFilesIn(folder, "own"), ca: join(sharedServers().certificates, "ca.crt") };
  writeFileSync(files.key, key);
  writeFileSync(files.cert, certificate);
  return files;
}

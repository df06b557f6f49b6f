import { randomBytes } from "node:crypto";
import { chownSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureCertificates } from "@ocellus/suite/certificates.ts";
import type { CertificateSubject } from "@ocellus/suite/issue-certificate.ts";

/** Whom the certificates name: the names of the suite's domain, by which peers know each other, and those of the hosts. */
const SUBJECTS: readonly CertificateSubject[] = [
  ...["ingest", "sessions", "aggregation", "nats", "postgres"].map((name) => subject(name, true)),
  ...["gateway", "migrate"].map((name) => subject(name, false)),
];

function subject(name: string, server: boolean): CertificateSubject {
  return { name, dns: [`${name}.ocellus`, ...(server ? [name] : [])], ip: [], server };
}

/** Holds all keys, that of the CA too: nobody but this program needs it. */
const AUTHORITY = "authority";

export interface HandOutOptions {
  /** Gets a folder for each subject, and `authority`. Each may be a volume of its own. */
  folder: string;
  /** The uids that own the folders of subjects; those of the others stay with who runs this. */
  owners: ReadonlyMap<string, number>;
  /** The uids that are to own other folders, by their paths. */
  folderOwners: ReadonlyMap<string, number>;
}

/**
 * Gives each subject a folder with `ca.crt`, `tls.crt` and `tls.key`, and the gateway the secret of the first administrator. Only its owner
 * reads a key. What is there and good stays; certificates that end within 30 days are renewed.
 */
export async function handOut({ folder, owners, folderOwners }: HandOutOptions): Promise<void> {
  const authority = join(folder, AUTHORITY);
  await ensureCertificates(authority, new Date(), SUBJECTS);
  for (const { name } of SUBJECTS) {
    const owner = owners.get(name);
    const own = join(folder, name);
    mkdirSync(own, { recursive: true });
    // The key last: who looks for a new certificate takes none that does not belong to its key.
    for (const [from, to] of [
      ["ca.crt", "ca.crt"],
      [`${name}.crt`, "tls.crt"],
      [`${name}.key`, "tls.key"],
    ] as const) {
      const mode = to.endsWith(".key") ? 0o400 : 0o444;
      write(join(own, to), readFileSync(join(authority, from)), mode, owner);
    }
  }
  const secret = join(folder, "gateway", "administrator-secret");
  if (!read(secret)) write(secret, Buffer.from(randomBytes(32).toString("base64url")), 0o400, owners.get("gateway"));
  for (const [path, owner] of folderOwners) chownSync(path, owner, owner);
}

/** Each file appears whole, and belongs to its owner from the beginning. */
function write(path: string, content: Buffer, mode: number, owner: number | undefined): void {
  if (read(path)?.equals(content) && (owner === undefined || statSync(path).uid === owner)) return;
  const unfinished = `${path}.unfinished`;
  writeFileSync(unfinished, content, { mode });
  if (owner !== undefined) chownSync(unfinished, owner, owner);
  renameSync(unfinished, path);
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

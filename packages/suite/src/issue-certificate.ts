// The library registers its algorithms by dependency injection, which needs this to be loaded first.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
/** The longest that all common systems accept. */
const CERTIFICATE_DAYS = 825;
const CLOCK_SKEW_MS = 5 * 60_000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export interface CertificateSubject {
  readonly name: string;
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  /** Whether it is called too, or only calls. */
  readonly server: boolean;
}

/** A certificate and its PKCS #8 key, both as PEM. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Makes a certificate authority that signs itself. */
export async function issueAuthority(): Promise<IssuedCertificate> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Ocellus development CA",
    keys,
    ...validFor(AUTHORITY_DAYS, new Date()),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), key: await privatePem(keys) };
}

/** Makes a certificate with a key of its own, signed by an authority, that is good from a time on. */
export async function issueCertificate(
  { name, dns, ip, server }: CertificateSubject,
  signer: IssuedCertificate,
  from = new Date(),
): Promise<IssuedCertificate> {
  const keys = await newKeys();
  const authority = new x509.X509Certificate(signer.certificate);
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: await importPrivate(signer.key),
    ...validFor(CERTIFICATE_DAYS, from),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(server ? [serverAuth, clientAuth] : [clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...dns.map((value) => ({ type: "dns" as const, value })),
        ...ip.map((value) => ({ type: "ip" as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), key: await privatePem(keys) };
}

function validFor(days: number, from: Date) {
  const notBefore = new Date(from.getTime() - CLOCK_SKEW_MS);
  // A leading byte between 0x40 and 0x7f keeps the number positive and of one length.
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  return { notBefore, notAfter: new Date(notBefore.getTime() + days * DAY_MS), serialNumber: serial.toString("hex") };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
}

function importPrivate(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem);
  return webcrypto.subtle.importKey("pkcs8", der!, ALGORITHM, false, ["sign"]);
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY")}\n`;
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

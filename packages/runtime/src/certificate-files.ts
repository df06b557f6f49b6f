import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { experimental } from "@grpc/grpc-js";
import type { TlsFiles } from "./tls.ts";

interface Loaded {
  ca: Buffer;
  cert: Buffer;
  key: Buffer;
  /** When the certificate, or that of the CA if it is earlier, expires. */
  expires: Date;
}

type CaListener = experimental.CaCertificateUpdateListener;
type IdentityListener = experimental.IdentityCertificateUpdateListener;

/**
 * A process' certificate, its key and the CA's certificate, followed on disk: connections that are made after a change use what
 * is there, and those that are open stay. Files that do not belong together, as while they are being replaced, are not taken; what
 * was there before stays in use.
 */
export class CertificateFiles implements experimental.CertificateProvider {
  readonly #files: TlsFiles;
  readonly #caListeners = new Set<CaListener>();
  readonly #identityListeners = new Set<IdentityListener>();
  #loaded: Loaded;

  /** Throws where a file is missing, or they do not belong together. */
  constructor(files: TlsFiles) {
    this.#files = files;
    this.#loaded = load(files);
  }

  /** When it can no longer be used. */
  get expires(): Date {
    return this.#loaded.expires;
  }

  /**
   * Looks whether the files have changed, takes what is there, and answers whether there is something new. Throws where they are
   * missing or do not belong together.
   */
  refresh(): boolean {
    const { ca, cert, key } = this.#loaded;
    const loaded = load(this.#files);
    if (loaded.ca.equals(ca) && loaded.cert.equals(cert) && loaded.key.equals(key)) return false;
    this.#loaded = loaded;
    for (const listener of this.#identityListeners) this.#tellIdentity(listener);
    for (const listener of this.#caListeners) this.#tellCa(listener);
    return true;
  }

  /** grpc-js listens only after it has asked to, so that it is told in the next tick. */
  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    process.nextTick(() => this.#tellCa(listener));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    process.nextTick(() => this.#tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
  }

  #tellCa(listener: CaListener): void {
    listener({ caCertificate: this.#loaded.ca });
  }

  #tellIdentity(listener: IdentityListener): void {
    listener({ certificate: this.#loaded.cert, privateKey: this.#loaded.key });
  }
}

function load(files: TlsFiles): Loaded {
  const [ca, cert, key] = [readFileSync(files.ca), readFileSync(files.cert), readFileSync(files.key)];
  const certificate = new X509Certificate(cert);
  if (!certificate.checkPrivateKey(createPrivateKey(key)))
    throw new Error(`${files.key} is not the key of ${files.cert}`);
  const expires = Math.min(certificate.validToDate.getTime(), new X509Certificate(ca).validToDate.getTime());
  return { ca, cert, key, expires: new Date(expires) };
}

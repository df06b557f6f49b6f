import { Counter, Gauge } from "prom-client";
import { CertificateFiles } from "./certificate-files.ts";
import { tlsFilesOf } from "./config.ts";
import type { Lifecycle } from "./lifecycle.ts";

const DAY_MS = 86_400_000;
/** So many days before a certificate expires readiness warns of it. */
export const WARN_DAYS = 7;

/** What a process is told of its certificate. */
export interface CertificateConfig {
  TLS_CA: string;
  TLS_CERT: string;
  TLS_KEY: string;
  TLS_RELOAD_EVERY: number;
}

/** Reads the certificate that the configuration names, and takes a new one as soon as it is there, while the process runs. */
export function followCertificates(config: CertificateConfig, lifecycle: Pick<Lifecycle, "log" | "onStop">) {
  const certificates = new CertificateFiles(tlsFilesOf(config));
  const failures = new Counter({
    name: "ocellus_certificate_reload_failures_total",
    help: "How often the files of the certificate were looked at and could not be used.",
  });
  const refresh = () => {
    try {
      if (certificates.refresh()) lifecycle.log.info({ expires: certificates.expires }, "took a new certificate");
    } catch (error) {
      failures.inc();
      lifecycle.log.warn({ err: error }, "the files of the certificate cannot be used; the one before stays in use");
    }
  };
  const timer = setInterval(refresh, config.TLS_RELOAD_EVERY);
  lifecycle.onStop("certificates", () => clearInterval(timer));
  new Gauge({
    name: "ocellus_certificate_expiry_days",
    help: "Days until the process' own certificate, or that of its CA, expires.",
    collect() {
      this.set(daysLeft(certificates));
    },
  });
  return certificates;
}

/** What readiness is to warn of. */
export function certificateWarnings(certificates: CertificateFiles): string[] {
  const days = daysLeft(certificates);
  if (days > WARN_DAYS) return [];
  const when = certificates.expires.toISOString();
  return [days > 0 ? `the certificate expires at ${when}` : `the certificate expired at ${when}: no peer accepts it`];
}

function daysLeft({ expires }: CertificateFiles): number {
  return (expires.getTime() - Date.now()) / DAY_MS;
}

import { connectNats } from "@ocellus/runtime/connect-nats.ts";
import { natsOptions } from "@ocellus/runtime/nats-options.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import type { NatsConnection } from "nats";

/** Connects to NATS as the operator, who may do everything there, with the certificate in a folder. */
export function connectOperator(url: string, certificates: string): Promise<NatsConnection> {
  return connectNats(natsOptions({ url, name: "operator", files: tlsFilesIn(certificates, "operator") }));
}

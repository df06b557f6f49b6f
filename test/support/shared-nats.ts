import type { NatsAddress } from "@ocellus/runtime/nats-options.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { sharedServers } from "./shared-servers.ts";

/** What each NATS of the tests is started with. */
export function sharedNats() {
  const { natsServer, certificates } = sharedServers();
  return { binary: natsServer, certificates };
}

/** A user of such a NATS, by its own certificate; the operator may do everything. */
export function natsUser(url: string, name = "operator"): NatsAddress {
  return { url, name, files: tlsFilesIn(sharedServers().certificates, name) };
}

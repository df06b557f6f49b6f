import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { AnyService, Handlers } from "./handlers.ts";
import { Code, ServiceError } from "./service-error.ts";

/** Stands for every peer that the configuration names as a client: a service or a person of a user of Ocellus. */
export const CLIENT = "*client";

/** Who may call each method of a service: peers by their name, and CLIENT. */
export type MethodPeers<S extends AnyService> = Record<keyof Handlers<S>, readonly string[]>;

/** Who may call the methods of a service, and who CLIENT is. */
export interface Peers<S extends AnyService> {
  of: MethodPeers<S>;
  clients: readonly string[];
}

/** Throws PERMISSION_DENIED where a peer is not among those who may call a method. */
export function requirePeer(
  name: string,
  allowed: readonly string[],
  clients: readonly string[],
  method: string,
): void {
  if (allowed.includes(name) || (allowed.includes(CLIENT) && clients.includes(name))) return;
  const who = name ? `The peer ${name}` : "A peer without a name of the suite in its certificate";
  throw new ServiceError(`${who} may not call ${method}; call it with a certificate of a peer that may`, {
    code: Code.PERMISSION_DENIED,
    reason: ErrorReason.PEER_NOT_ALLOWED,
  });
}

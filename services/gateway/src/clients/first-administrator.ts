import type { EntityManager } from "@mikro-orm/postgresql";
import { isUniqueViolation } from "@ocellus/runtime/database-errors.ts";
import type { Logger } from "pino";
import { SCOPE_NAMES } from "../access/principal.ts";
import { Client } from "../entities/client.ts";
import { registerClient } from "./register-client.ts";

/** The id and the secret of a client that the configuration names. */
export interface Credentials {
  id: string;
  secret: string;
}

/**
 * Registers the first administrator, a client with all scopes, unless a client has or had its id: one that was rotated, changed or revoked
 * stays so.
 */
export async function ensureFirstAdministrator(
  em: EntityManager,
  { id, secret }: Credentials,
  log: Logger,
): Promise<void> {
  if ((await em.fork().count(Client, { id })) > 0) return;
  const administrator = { id, displayName: "First administrator", scopes: SCOPE_NAMES, namespaces: [], secret };
  try {
    await registerClient(em, administrator);
    log.info({ clientId: id }, "the first administrator is registered");
  } catch (error) {
    // Another replica was quicker.
    if (!isUniqueViolation(error)) throw error;
  }
}

import { LockMode } from "@mikro-orm/core";
import type { EntityManager } from "@mikro-orm/postgresql";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { Client } from "../entities/client.ts";

/** The client of this id; undefined where there is none, or none any more. */
export async function findClient(em: EntityManager, id: string): Promise<Client | undefined> {
  // PostgreSQL takes no text with U+0000, and no id has one.
  if (id === "" || id.includes("\0")) return undefined;
  return (await em.findOne(Client, { id, revokeTime: null })) ?? undefined;
}

/** The client of this id. Throws NOT_FOUND. */
export async function requireClient(em: EntityManager, id: string): Promise<Client> {
  const client = await findClient(em, id);
  if (!client) throw clientNotFound(id);
  return client;
}

/**
 * Changes a client in one transaction. Throws NOT_FOUND.
 *
 * @param change answers whether the tokens that the client has are not to count any more
 */
export function changeClient(
  em: EntityManager,
  id: string,
  change: (client: Client) => boolean | Promise<boolean>,
): Promise<Client> {
  return em.fork().transactional(async (tx) => {
    const found = await requireClient(tx, id);
    const client = await tx.refreshOrFail(found, { lockMode: LockMode.PESSIMISTIC_WRITE });
    // It may have been revoked while this waited for the lock.
    if (client.revokeTime) throw clientNotFound(id);
    const endsTokens = await change(client);
    client.updateTime = nowMicros();
    if (endsTokens) client.version++;
    await tx.flush();
    if (endsTokens) {
      await sql`update access.clients set version_time = clock_timestamp() where id = ${id}`.execute(tx.getKysely());
    }
    return client;
  });
}

function clientNotFound(id: string): ServiceError {
  return new ServiceError(`No client "${id.slice(0, 100)}" is registered`, {
    code: Code.NOT_FOUND,
    reason: ErrorReason.CLIENT_NOT_FOUND,
  });
}

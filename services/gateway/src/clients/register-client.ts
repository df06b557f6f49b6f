import type { EntityManager } from "@mikro-orm/postgresql";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { v7 } from "uuid";
import type { ScopeName } from "../access/principal.ts";
import { Client } from "../entities/client.ts";
import { hashSecret, newSecret } from "./secret.ts";

/** A client to register. */
export interface NewClient {
  /** Left out, it is a new UUID. */
  id?: string;
  displayName: string;
  scopes: ScopeName[];
  namespaces: string[];
  /** Left out, it is a new one. */
  secret?: string;
}

/** Registers a client. Throws what PostgreSQL does where its id is taken. */
export async function registerClient(
  em: EntityManager,
  { id = v7(), displayName, scopes, namespaces, secret = newSecret() }: NewClient,
): Promise<{ client: Client; secret: string }> {
  const now = nowMicros();
  const fork = em.fork();
  const client = fork.create(Client, {
    id,
    displayName,
    scopes,
    namespaces,
    secretHash: await hashSecret(secret),
    secretCreateTime: now,
    previousSecretHash: null,
    previousSecretExpireTime: null,
    version: 1,
    createTime: now,
    updateTime: null,
    versionTime: now,
    revokeTime: null,
  });
  await fork.insert(client);
  return { client, secret };
}

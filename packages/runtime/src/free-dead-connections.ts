import type { Pool, PoolClient } from "pg";

/**
 * Gives back the connections that end while they are in use. Kysely does not give back that of a transaction which cannot be
 * begun, committed or rolled back because its connection is gone, and a pool without free connections serves nothing any more.
 */
export function freeDeadConnections(pool: Pool): void {
  const inUse = new Set<PoolClient>();
  pool.on("acquire", (client) => inUse.add(client));
  pool.on("release", (_, client) => inUse.delete(client));
  pool.on("connect", (client) => {
    client.once("end", () => {
      if (!inUse.has(client)) return;
      client.release(true);
      // Whoever used it may give it back as well, which the pool would call an error.
      client.release = () => {};
    });
  });
}

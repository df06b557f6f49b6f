import { connectionTo, type DatabaseAddress } from "@ocellus/runtime/database-address.ts";
import { Pool } from "pg";

/** Connections for COPY, which MikroORM has not. Their times are in UTC, as those of all others. */
export function storingPool(address: DatabaseAddress, max: number): Pool {
  const pool = new Pool({
    ...connectionTo(address),
    max,
    keepAlive: true,
    connectionTimeoutMillis: 5000,
    options: "-c timezone=UTC",
    application_name: "ocellus-store-events",
  });
  // A lost connection fails the query that uses it, and the next use opens another. Without listeners on the pool, for those
  // that nobody uses, and on each connection, for those in use, it would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

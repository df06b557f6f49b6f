import { Pool } from "pg";

/** Connections for COPY, which MikroORM has not. Their times are in UTC, as those of all others. */
export function storingPool(url: string, max: number): Pool {
  const pool = new Pool({
    connectionString: url,
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

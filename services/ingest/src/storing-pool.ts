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
  // A connection that is lost while nobody uses it: the next use opens another. Without a listener it would end the process.
  pool.on("error", () => {});
  return pool;
}

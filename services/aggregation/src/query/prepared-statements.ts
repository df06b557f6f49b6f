import { connectionTo, type DatabaseAddress } from "@ocellus/runtime/database-address.ts";
import type { Kysely, RawBuilder } from "kysely";
import pg from "pg";

/** So many statements PostgreSQL keeps the plans of, on each connection. */
const MOST_PREPARED = 16;

const { TIMESTAMPTZ } = pg.types.builtins;
/** Times stay texts, which have microseconds. */
const getTypeParser: typeof pg.types.getTypeParser = (type, format) =>
  type === TIMESTAMPTZ ? (value: string) => value : pg.types.getTypeParser(type, format as "text");

/**
 * Runs statements that are planned once for a connection. A query over all partitions is planned for as long as it runs, and its
 * plan does not depend on its parameters: the ends of a window bound the same index in each partition.
 */
export class PreparedStatements {
  readonly #pool: pg.Pool;
  /** Compiles statements; it is connected to nothing that they run on. */
  readonly #kysely: Kysely<unknown>;
  readonly #names = new Map<string, string>();

  constructor(address: DatabaseAddress, max: number, kysely: Kysely<unknown>) {
    this.#kysely = kysely;
    this.#pool = new pg.Pool({
      ...connectionTo(address),
      max,
      keepAlive: true,
      connectionTimeoutMillis: 5000,
      options: "-c timezone=UTC -c plan_cache_mode=force_generic_plan",
      application_name: "ocellus-query-aggregates",
      types: { getTypeParser },
    });
    // A lost connection fails the query that uses it, and the next use opens another. Without listeners it would end the process.
    this.#pool.on("error", () => {});
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  /** Runs a statement, by its name where it is one of the first so many. */
  async run<Row extends object>(statement: RawBuilder<Row>): Promise<Row[]> {
    const { sql, parameters } = statement.compile(this.#kysely);
    const { rows } = await this.#pool.query<Row>({ ...this.#named(sql), text: sql, values: [...parameters] });
    return rows;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  #named(text: string): { name?: string } {
    const known = this.#names.get(text);
    if (known) return { name: known };
    if (this.#names.size === MOST_PREPARED) return {};
    const name = `aggregates_${this.#names.size}`;
    this.#names.set(text, name);
    return { name };
  }
}

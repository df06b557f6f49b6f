import pg from "pg";

/** Asks a database as the superuser, over connections that are kept: making one takes a hundred times as long as a query. */
export class Superuser {
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 10_000 });
    // An idle one that a test has ended; the next query takes another.
    this.#pool.on("error", () => {});
  }

  async query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
    return (await this.#pool.query<Row>(text, values)).rows;
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

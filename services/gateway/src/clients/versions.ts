import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";

/** How long after its last token has expired a version is remembered: clocks differ. */
const SLACK_MS = 5 * 60_000;

/**
 * Which tokens of our own do not count any more: those of clients that were revoked, or changed, since. Only what happened within the
 * life of a token is held, as an earlier token has expired.
 */
export class ClientVersions {
  readonly #em: EntityManager;
  readonly #window: string;
  /** The version that tokens must have; Infinity for none. */
  #changed: ReadonlyMap<string, number> = new Map();
  /** How often PostgreSQL was asked, and which of these questions the latest is that it answered. */
  #asked = 0;
  #answered = 0;

  constructor(em: EntityManager, tokenLifetimeMs: number) {
    this.#em = em;
    this.#window = `${tokenLifetimeMs + SLACK_MS} milliseconds`;
  }

  /** Whether a token counts that was issued to a client of this version. */
  counts(clientId: string, version: number): boolean {
    return version >= (this.#changed.get(clientId) ?? 0);
  }

  /** Learns what was changed, by this gateway or another. */
  async refresh(): Promise<void> {
    const asked = ++this.#asked;
    const { rows } = await sql<{ id: string; version: number; revoked: boolean }>`
      select id, version, revoke_time is not null as revoked from access.clients
      where version_time > clock_timestamp() - ${this.#window}::interval
    `.execute(this.#em.fork().getKysely());
    // Another question, asked later, may have been answered before: what this one saw is older.
    if (asked < this.#answered) return;
    this.#answered = asked;
    this.#changed = new Map(rows.map(({ id, version, revoked }) => [id, revoked ? Number.POSITIVE_INFINITY : version]));
  }
}

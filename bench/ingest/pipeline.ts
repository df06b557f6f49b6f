import { setTimeout as sleep } from "node:timers/promises";
import { EVENT_CHANGES, EVENTS } from "@ocellus/runtime/streams.ts";
import type { JetStreamManager } from "nats";
import type pg from "pg";
import { NAMES, NAMESPACE } from "./events.ts";

const LOOK_EVERY_MS = 5;
const PATIENCE_MS = 300_000;

/** When all that was accepted had got so far, in milliseconds since 1970. */
export interface Progress {
  stored: number;
  sessionised: number;
  counted: number;
}

/** Looks how far events have come, and empties the suite. */
export class Pipeline {
  readonly #manager: JetStreamManager;
  readonly #database: pg.Client;
  readonly #gateway: { url: string; token: string };

  constructor(manager: JetStreamManager, database: pg.Client, gateway: { url: string; token: string }) {
    this.#manager = manager;
    this.#database = database;
    this.#gateway = gateway;
  }

  /** Waits until all events that were accepted are stored. A message leaves the stream when its events are. */
  async stored(): Promise<number> {
    return until(async () => (await this.#manager.streams.info(EVENTS.stream)).state.messages === 0);
  }

  /** Waits until all events that were accepted are stored, in their sessions, and counted. */
  async done(): Promise<Progress> {
    const stored = await this.stored();
    await until(async () => (await this.#database.query("select from ingest.outbox limit 1")).rowCount === 0);
    const [sessionised, counted] = await Promise.all([this.#passed("extend-sessions"), this.#passed("mark-buckets")]);
    return { stored, sessionised, counted };
  }

  /** Waits until what these messages of the outbox announce is marked as changed, and all that was published before them. */
  async marked(client: pg.Client, announcements: string[]): Promise<void> {
    const waiting = "select from ingest.outbox where id = any($1) limit 1";
    await until(async () => (await client.query(waiting, [announcements])).rowCount === 0);
    await this.#passed("mark-buckets");
  }

  /** Throws unless `events` events are in the table and in sessions, and in the aggregates that the gateway answers. */
  async verify(events: number): Promise<void> {
    await this.verifyTables(events);
    const counts = await Promise.all(NAMES.map((name) => this.#count(name)));
    requireAll(events, { counted: counts.reduce((sum, count) => sum + count, 0) });
  }

  /** Throws unless `events` events are in the table and in sessions. */
  async verifyTables(events: number): Promise<void> {
    const { rows } = await this.#database.query<{ stored: number; sessionised: number }>(
      `select (select count(*)::int from ingest.events) as stored,
              (select sum(event_count)::int from sessions.sessions) as sessionised`,
    );
    requireAll(events, rows[0]!);
  }

  /** Waits until a consumer of changes has taken all that is in the stream now. */
  async #passed(consumer: string): Promise<number> {
    const { last_seq } = (await this.#manager.streams.info(EVENT_CHANGES.stream)).state;
    return until(async () => {
      const { ack_floor } = await this.#manager.consumers.info(EVENT_CHANGES.stream, consumer);
      return ack_floor.stream_seq >= last_seq;
    });
  }

  async #count(name: string): Promise<number> {
    const query = "granularity=day&aggregationType=count";
    const response = await fetch(`${this.#gateway.url}/v1/aggregates/${NAMESPACE}/${name}?${query}`, {
      headers: { authorization: `Bearer ${this.#gateway.token}` },
    });
    if (!response.ok) throw new Error(`GET /v1/aggregates: ${response.status} ${await response.text()}`);
    const { rows = [] } = (await response.json()) as { rows?: { value: number }[] };
    return rows.reduce((sum, { value }) => sum + value, 0);
  }

  /** Forgets all events, and what came of them. The frontier stays where it is. */
  async empty(): Promise<void> {
    const { rows } = await this.#database.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname = 'aggregation' and tablename not in ('frontier', 'mikro_orm_migrations')`,
    );
    // Who computes rollups reads the events last, and would wait for us as we for them.
    await this.#database.query(`select pg_advisory_xact_lock(hashtext('aggregation.rollups'));
      truncate ingest.events, ingest.outbox, sessions.sessions, sessions.session_aliases,
      sessions.inbox, ${rows.map(({ name }) => name).join(", ")}`);
    await this.#database.query("checkpoint");
  }
}

function requireAll(events: number, seen: Record<string, number>): void {
  for (const [what, count] of Object.entries(seen))
    if (count !== events) throw new Error(`${count} of ${events} events are ${what}`);
}

async function until(isSo: () => Promise<boolean>): Promise<number> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not done within ${PATIENCE_MS / 1000} s`);
    await sleep(LOOK_EVERY_MS);
  }
  return performance.timeOrigin + performance.now();
}

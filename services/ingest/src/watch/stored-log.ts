import { createHash } from "node:crypto";
import type { EntityManager } from "@mikro-orm/postgresql";
import type { Dependency } from "@ocellus/runtime/grpc-service.ts";
import { isoOf } from "@ocellus/runtime/time.ts";
import { type RawBuilder, sql } from "kysely";
import { StoredEvent } from "../entities/stored-event.ts";
import type { EventFilter } from "./event-filter.ts";
import type { Place, Span } from "./position.ts";
import { parseSnapshot, type Snapshot } from "./snapshot.ts";

/** An event, and its place in the span that was read. */
export interface Placed {
  event: StoredEvent;
  place: Place;
}

/** As much as is read at once. */
export const PAGE = 500;

/** The stored events in the order in which they were stored: by `ingest.events.stored_xid`. */
export class StoredLog {
  readonly #em: EntityManager;
  readonly #database: Dependency;
  #origin: string | undefined;

  constructor(em: EntityManager, database: Dependency) {
    this.#em = em;
    this.#database = database;
  }

  /** This moment. */
  async now(): Promise<Snapshot> {
    const query = sql<{ snapshot: string }>`select pg_current_snapshot()::text as snapshot`;
    const rows = await this.#rowsOf(query);
    return parseSnapshot(rows[0]!.snapshot)!;
  }

  /** What tells this database from all others, within a token. */
  async origin(): Promise<string> {
    if (this.#origin === undefined) {
      const query = sql<{ origin: string }>`
        select system_identifier || ' ' || oid as origin
        from pg_control_system(), pg_database where datname = current_database()`;
      const rows = await this.#rowsOf(query);
      this.#origin = createHash("sha256").update(rows[0]!.origin).digest("base64url").slice(0, 12);
    }
    return this.#origin;
  }

  /** The next events of a span, PAGE at most. The span is read to its end where there are fewer. */
  async page({ from, to, after }: Span, filter?: EventFilter): Promise<Placed[]> {
    const query = sql<Record<string, unknown> & { xid: string }>`
      select stored_xid::text as xid, id, "timestamp", namespace, name, category, session_id, person_id, value, data,
        receive_time, update_time
      from ingest.events
      where stored_xid >= ${String(after?.xid ?? from.xmin)}::xid8 and stored_xid < ${String(to.xmax)}::xid8
        and not pg_visible_in_snapshot(stored_xid, ${from.text}::pg_snapshot)
        and pg_visible_in_snapshot(stored_xid, ${to.text}::pg_snapshot)
        ${after ? follows(after) : sql``}
        ${filter?.condition ?? sql``}
      order by stored_xid, id, "timestamp"
      limit ${PAGE + 1}`;
    const rows = await this.#rowsOf(query);
    const em = this.#em.fork();
    const found = rows.map(({ xid, ...row }) => ({ xid: BigInt(xid), event: em.map(StoredEvent, row) }));
    return found.slice(0, PAGE).map(({ xid, event }, index) => {
      const next = found[index + 1];
      const isFollowedByNamesake = next?.xid === xid && next.event.id === event.id;
      const place = { xid, id: event.id, ...(isFollowedByNamesake && { timestamp: event.timestamp }) };
      return { event, place };
    });
  }

  /** A connection that hangs must not hold up those who read after. */
  async #rowsOf<Row>(query: RawBuilder<Row>): Promise<Row[]> {
    const { rows } = await this.#database.whileReachable(() => query.execute(this.#em.fork().getKysely()));
    return rows;
  }
}

function follows({ xid, id, timestamp }: Place) {
  return timestamp === undefined
    ? sql`and (stored_xid, id) > (${String(xid)}::xid8, ${id}::uuid)`
    : sql`and (stored_xid, id, "timestamp") > (${String(xid)}::xid8, ${id}::uuid, ${isoOf(timestamp)}::timestamptz)`;
}

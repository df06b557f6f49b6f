import type { EntityManager } from "@mikro-orm/postgresql";
import { isoOf, type Micros, microsOfSql } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import type { StoredRun } from "./fold-runs.ts";
import { join, type Run } from "./run.ts";

/** One person's events, as runs. */
export interface Person {
  namespace: string;
  personId: string;
  events: Run[];
}

/** A text that is the same for the same person alone. */
export const keyOf = (namespace: string, personId: string) => JSON.stringify([namespace, personId]);

/**
 * The sessions within the idle timeout of each person's events, by person. Since no two sessions of a person overlap, only one of
 * those that started before can reach so far: the last. The caller's lock keeps them as they are.
 */
export async function sessionsNear(tx: EntityManager, persons: Person[], idleTimeout: Micros) {
  const column = <T>(value: (person: Person) => T) => persons.map(value);
  const spanOf = ({ events }: Person) => events.reduce(join);
  const ofPerson = sql`
    select id, start_time, end_time, event_count, entry_event_id, exit_event_id from sessions.sessions s
    where by_person and s.namespace = near.namespace and s.person_id = near.person_id`;
  const { rows } = await sql<
    Record<
      "id" | "namespace" | "person_id" | "start_time" | "end_time" | "event_count" | "entry_event_id" | "exit_event_id",
      string
    >
  >`
    select near.namespace, near.person_id, s.*
    from (
      select namespace, person_id, first - idle_timeout as earliest, last + idle_timeout as latest
      from unnest(
        ${column(({ namespace }) => namespace)}::text[],
        ${column(({ personId }) => personId)}::text[],
        ${column((person) => isoOf(spanOf(person).start))}::timestamptz[],
        ${column((person) => isoOf(spanOf(person).end))}::timestamptz[]
      ) as t (namespace, person_id, first, last),
      (select ${String(idleTimeout)}::bigint * interval '1 microsecond' as idle_timeout) as i
    ) as near
    cross join lateral (
      (${ofPerson} and start_time between near.earliest and near.latest)
      union all
      (${ofPerson} and start_time < near.earliest order by start_time desc limit 1)
    ) s
    where s.end_time >= near.earliest
  `.execute(tx.getKysely());
  return Map.groupBy(
    rows.map((row): StoredRun & { key: string } => ({
      key: keyOf(row.namespace, row.person_id),
      id: row.id,
      start: microsOfSql(row.start_time),
      end: microsOfSql(row.end_time),
      count: BigInt(row.event_count),
      entryEventId: row.entry_event_id,
      exitEventId: row.exit_event_id,
    })),
    ({ key }) => key,
  );
}

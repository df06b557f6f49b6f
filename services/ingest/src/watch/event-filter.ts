import type { WatchEventsRequest } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { checkSearched } from "@ocellus/runtime/check-request.ts";
import { likeOf } from "@ocellus/runtime/glob.ts";
import { type NamespaceLimit, requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { isoOf, type Micros, microsOf } from "@ocellus/runtime/time.ts";
import { type RawBuilder, sql } from "kysely";
import type { StoredEvent } from "../entities/stored-event.ts";

/** Which events a watcher wants: what `ListEvents` finds with the same filters, decided in memory or in SQL. */
export interface EventFilter {
  /** Whether it wants an event. */
  matches(event: StoredEvent): boolean;
  /** The same as a condition on `ingest.events`, to be appended to others. */
  condition: RawBuilder<unknown>;
}

/**
 * The filter of a request, of a caller who may be limited to namespaces. Throws one INVALID_ARGUMENT for all that no event could match,
 * PERMISSION_DENIED for a namespace.
 */
export function filterOf(
  request: Omit<WatchEventsRequest, "$typeName" | "resumeToken">,
  limit?: NamespaceLimit,
): EventFilter {
  const { namespace, name, category, sessionId, personId, timestampMin, timestampMax } = request;
  checkSearched({
    texts: { namespace, name, category, session_id: sessionId, person_id: personId },
    times: { timestamp_min: timestampMin, timestamp_max: timestampMax },
  });
  requireNamespace(limit, namespace);
  const texts = Object.entries({ namespace, name, category, sessionId, personId }).filter(
    (entry): entry is [keyof typeof COLUMNS, string] => entry[1] !== undefined,
  );
  const min = timestampMin && microsOf(timestampMin);
  const max = timestampMax && microsOf(timestampMax);
  return {
    matches: (event) =>
      texts.every(([property, text]) => event[property] === text) &&
      (min === undefined || event.timestamp >= min) &&
      (max === undefined || event.timestamp <= max) &&
      (limit?.allows(event.namespace) ?? true),
    condition: sql.join(
      [
        ...texts.map(([property, text]) => sql`and ${sql.ref(COLUMNS[property])} = ${text}`),
        ...bound(sql`>=`, min),
        ...bound(sql`<=`, max),
        ...within(limit),
      ],
      sql` `,
    ),
  };
}

const COLUMNS = {
  namespace: "namespace",
  name: "name",
  category: "category",
  sessionId: "session_id",
  personId: "person_id",
} as const;

function within(limit: NamespaceLimit | undefined): RawBuilder<unknown>[] {
  return limit ? [sql`and namespace like any(${limit.globs.map(likeOf)}::text[])`] : [];
}

function bound(operator: RawBuilder<unknown>, time: Micros | undefined): RawBuilder<unknown>[] {
  return time === undefined ? [] : [sql`and "timestamp" ${operator} ${isoOf(time)}::timestamptz`];
}

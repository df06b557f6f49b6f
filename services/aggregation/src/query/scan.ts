import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import { type RawBuilder, sql } from "kysely";
import { coverWindow } from "./cover-window.ts";
import { eventsNotKept, keptFromOf } from "./kept-events.ts";
import type { Query } from "./query.ts";

type Sql = RawBuilder<unknown>;

/** What is known of the events in a window before they are read. */
export interface Scan {
  /** How many there are. */
  scanned: string;
  /** Since when events are kept, where the window holds rollups of events that are not. */
  kept_from: string | null;
}

/** Counts the events in the window by the coarsest rollups: the select of one row of a scan. */
export function scanOf(query: Query): Sql {
  return sql`
    select (
      with ${coverWindow({ ...query, unit: "day", zone: "UTC" }, [])} select coalesce(sum(count), 0)::bigint from parts
    ) as scanned, ${keptFromOf(query)} as kept_from`;
}

/** Whether the events of a scan are read: the condition for the statement that has the scan as `scan`. */
export const isAllowed = (limit: number) => sql`(select scanned <= ${limit} and kept_from is null from scan)`;

/** Throws SCAN_TOO_LARGE or EVENTS_NOT_KEPT where the events of a scan were not read. */
export function checkScan({ scanned, kept_from }: Scan, limit: number): void {
  if (kept_from !== null) throw eventsNotKept(kept_from);
  if (Number(scanned) <= limit) return;
  throw new ServiceError(
    `The answer would be read from ${scanned} events, and at most ${limit} are read at once: narrow ts_min and ts_max. ` +
      "Without filters, group_by and distinct types, and by the hour or longer, any window can be answered",
    { code: Code.INVALID_ARGUMENT, reason: ErrorReason.SCAN_TOO_LARGE },
  );
}

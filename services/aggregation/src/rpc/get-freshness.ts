import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { EntityManager } from "@mikro-orm/postgresql";
import type { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { checkSearched } from "@ocellus/runtime/check-request.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { pendingChanges } from "../pending-changes.ts";
import { type SeriesFilter, seriesConditions } from "../series-filter.ts";
import { unannouncedChanges } from "../unannounced-changes.ts";

/** Dirty buckets above this are not counted: see `dirty_buckets` in the contract. */
const MAX_COUNTED = 1_000_000;

interface FreshnessRow {
  watermark: string | null;
  dirty: string;
  oldest: string | null;
  kept_from: string | null;
}

/** Tells how far the materialised aggregates are. Throws UNAVAILABLE where NATS cannot be reached. */
export function getFreshness(em: EntityManager, queue: Queue): Handlers<typeof AggregationService>["getFreshness"] {
  return async ({ namespace, name }, { namespaces }) => {
    const filter = { namespace: namespace || undefined, name: name || undefined };
    checkSearched({ texts: { ...filter } });
    requireNamespace(namespaces, filter.namespace);
    const [freshness, unannounced] = await Promise.all([
      selectFreshness(em, { ...filter, within: namespaces }),
      unannouncedChanges(em),
    ]);
    // Asked for last, so that no change is missed on its way from one to the other.
    const pending = await pendingChanges(queue);
    const lags = [unannounced.lagMs, pending.lagMs].filter((lag) => typeof lag === "number");
    const timeOf = (text: string | null) => (text === null ? undefined : timestampOf(microsOfSql(text)));
    return {
      watermark: timeOf(freshness.watermark),
      dirtyBuckets: BigInt(freshness.dirty),
      oldestDirtyBucket: timeOf(freshness.oldest),
      pendingChanges: BigInt(unannounced.count + pending.count),
      eventsKeptFrom: timeOf(freshness.kept_from),
      lag: lags.length > 0 ? durationFromMs(Math.max(0, ...lags)) : undefined,
    };
  };
}

async function selectFreshness(em: EntityManager, filter: SeriesFilter): Promise<FreshnessRow> {
  const dirty = sql`
    from aggregation.dirty_buckets
    where bucket_start < (select at from aggregation.frontier) and ${seriesConditions(filter)}`;
  const { rows } = await sql<FreshnessRow>`
    select nullif(at, '-infinity') as watermark,
      (select count(*) from (select ${dirty} limit ${MAX_COUNTED}) counted) as dirty,
      (select bucket_start ${dirty} order by bucket_start limit 1) as oldest,
      (select nullif(at, '-infinity') from ingest.kept_from) as kept_from
    from aggregation.frontier
  `.execute(em.fork().getKysely());
  return rows[0]!;
}

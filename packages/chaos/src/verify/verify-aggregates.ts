import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  AggregationService,
  AggregationType,
  Granularity,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { clientOf, openChannel } from "@ocellus/runtime/grpc-client.ts";
import { isoOf, type Micros, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { eventually } from "../../../../test/support/eventually.ts";
import type { Target } from "../target/target.ts";
import { differences } from "./differences.ts";

const UNITS = [
  ["minute", Granularity.MINUTE],
  ["hour", Granularity.HOUR],
  ["day", Granularity.DAY],
] as const;

const TYPES = [
  ["count", AggregationType.COUNT],
  ["sum", AggregationType.SUM],
  ["min", AggregationType.MIN],
  ["max", AggregationType.MAX],
] as const;

const MINUTE: Micros = 60_000_000n;

interface Window {
  min?: Micros;
  max?: Micros;
}

/** How QueryAggregates differs from SQL over the stored events, by all windows, granularities and types. */
export async function verifyAggregates(target: Target): Promise<{ queries: number; problems: string[] }> {
  const files = tlsFilesIn(target.certificates, "developer");
  const channel = openChannel(`127.0.0.1:${target.ports.aggregation}`, files);
  const aggregation = clientOf(AggregationService, channel);
  const problems: string[] = [];
  let queries = 0;
  try {
    const series = await target.query<{ namespace: string; name: string }>(
      "select distinct namespace, name from ingest.events order by 1, 2",
    );
    for (const { namespace, name } of series) {
      for (const window of windows()) {
        for (const [unit, granularity] of UNITS) {
          const recounted = await recount(target, { namespace, name, unit, window });
          for (const [type, aggregationType] of TYPES) {
            const query = { namespace, name, granularity, aggregationType, ...timesOf(window) };
            // A machine that is busy with others may make PostgreSQL seem away for a moment.
            const { rows } = await eventually(() => aggregation.queryAggregates(query));
            const answered = rows.map(({ bucketStart, count, value }) => ({
              start: timestampDate(bucketStart!),
              events: String(count),
              value: value ?? null,
            }));
            const expected = recounted.map((row) => ({ start: row.start, events: row.events, value: row[type] }));
            const title = `${type} of ${namespace} ${name} by ${unit}, ${JSON.stringify(bounds(window))}`;
            problems.push(...differences(title, answered, expected));
            queries++;
          }
        }
      }
    }
  } finally {
    channel.close();
  }
  return { queries, problems };
}

/** All time, and some that begin and end within buckets. */
function windows(): Window[] {
  const now = nowMicros();
  return [
    {},
    { min: now - 1500n * MINUTE + 7n, max: now - 37n * MINUTE - 1n },
    { min: now - 301n * MINUTE },
    { max: now - 20n * MINUTE },
  ];
}

const timesOf = ({ min, max }: Window) => ({
  tsMin: min === undefined ? undefined : timestampOf(min),
  tsMax: max === undefined ? undefined : timestampOf(max),
});

const bounds = ({ min, max }: Window) => [
  min === undefined ? "-infinity" : isoOf(min),
  max === undefined ? "infinity" : isoOf(max),
];

type Recounted = { start: Date; events: string } & Record<"count" | "sum" | "min" | "max", number | null>;

function recount(
  target: Target,
  { namespace, name, unit, window }: Record<"namespace" | "name" | "unit", string> & { window: Window },
): Promise<Recounted[]> {
  return target.query(
    `select date_trunc($3, "timestamp", 'UTC') as start, count(*) as events, count(*)::float8 as count,
       sum(value::text::numeric)::float8 as sum, min(value) as min, max(value) as max
     from ingest.events where namespace = $1 and name = $2 and "timestamp" between $4 and $5 group by 1 order by 1`,
    [namespace, name, unit, ...bounds(window)],
  );
}

const BUCKETS = `
  with clean as (
    select namespace, name, bucket_start, first_timestamp, count, value_count, sum::text, min, max from aggregation.quarters
  ), recounted as (
    select namespace, name, date_bin('15 minutes', "timestamp", '1970-01-01 00:00Z') as bucket_start,
      min("timestamp"), count(*), count(value), sum(value::text::numeric)::text, min(value), max(value)
    from ingest.events where "timestamp" < (select at from aggregation.frontier) group by 1, 2, 3
  )
  select true as kept, * from clean where (namespace, name, bucket_start) not in (select * from aggregation.dirty_buckets)
  union all
  select false, * from recounted where (namespace, name, bucket_start) not in (select * from aggregation.dirty_buckets)`;

/** How the clean buckets before the frontier differ from the stored events. */
export async function verifyBuckets(target: Target): Promise<{ buckets: number; problems: string[] }> {
  const rows = await target.query<{ kept: boolean }>(BUCKETS);
  const side = (wanted: boolean) => rows.filter(({ kept }) => kept === wanted).map(({ kept: _, ...row }) => row);
  return { buckets: side(true).length, problems: differences("buckets", side(true), side(false)) };
}

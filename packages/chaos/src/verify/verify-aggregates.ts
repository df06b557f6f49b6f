import { join } from "node:path";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  AggregationService,
  AggregationType,
  Granularity,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { clientOf, openChannel } from "@ocellus/runtime/grpc-client.ts";
import { isoOf, type Micros, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import type { Target } from "../target/target.ts";
import { differences } from "./differences.ts";

const UNITS = [
  ["minute", Granularity.MINUTE],
  ["hour", Granularity.HOUR],
  ["day", Granularity.DAY],
] as const;

const MAKINGS = [
  ["count(*)::float8", AggregationType.COUNT],
  ["sum(value::text::numeric)::float8", AggregationType.SUM],
  ["min(value)", AggregationType.MIN],
  ["max(value)", AggregationType.MAX],
] as const;

const MINUTE: Micros = 60_000_000n;

interface Window {
  min?: Micros;
  max?: Micros;
}

/** How QueryAggregates differs from SQL over the stored events, by all windows, granularities and types. */
export async function verifyAggregates(target: Target): Promise<{ queries: number; problems: string[] }> {
  const file = (name: string) => join(target.certificates, name);
  const files = { ca: file("ca.crt"), cert: file("developer.crt"), key: file("developer.key") };
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
          for (const [making, aggregationType] of MAKINGS) {
            const { rows } = await aggregation.queryAggregates({
              ...{ namespace, name, granularity, aggregationType },
              tsMin: window.min === undefined ? undefined : timestampOf(window.min),
              tsMax: window.max === undefined ? undefined : timestampOf(window.max),
            });
            const answered = rows.map(({ bucketStart, count, value }) => ({
              start: timestampDate(bucketStart!),
              count: String(count),
              value: value ?? null,
            }));
            const recounted = await recount(target, { namespace, name, unit, making, window });
            const title = `${making} of ${namespace} ${name} by ${unit}, ${JSON.stringify(bounds(window))}`;
            problems.push(...differences(title, answered, recounted));
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

const bounds = ({ min, max }: Window) => [
  min === undefined ? "-infinity" : isoOf(min),
  max === undefined ? "infinity" : isoOf(max),
];

function recount(
  target: Target,
  {
    namespace,
    name,
    unit,
    making,
    window,
  }: Record<"namespace" | "name" | "unit" | "making", string> & { window: Window },
) {
  return target.query(
    `select date_trunc($3, "timestamp", 'UTC') as start, count(*) as count, ${making} as value
     from ingest.events where namespace = $1 and name = $2 and "timestamp" between $4 and $5 group by 1 order by 1`,
    [namespace, name, unit, ...bounds(window)],
  );
}

const BUCKETS = `
  with clean as (
    select namespace, name, bucket_start, first_timestamp, count, value_count, sum::text, min, max from aggregation.buckets
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

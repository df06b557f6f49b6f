import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  AggregationType,
  Granularity,
  QueryAggregatesRequestSchema,
  QueryAggregatesResponseSchema,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { decode, encode } from "@ocellus/runtime/message-codec.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import type pg from "pg";
import { NAMESPACE } from "../ingest/events.ts";
import type { Measured } from "../ingest/test-suite.ts";
import { type Askers, requestOf } from "./ask.ts";
import type { Year } from "./series-lines.ts";

/** What grows with each event, or for the lowest falls, where no value is below zero. */
interface Bucket {
  count: number;
  sum: number;
  min: number;
  max: number;
}
type Buckets = Map<number, Bucket>;

const { COUNT, SUM, MIN, MAX } = AggregationType;
const NONE: Bucket = { count: 0, sum: 0, min: Infinity, max: -Infinity };

/** What one query took, and how its answer was wrong, if it was. */
export interface Check {
  queryMs: number;
  problem?: string;
}

/**
 * Asks for a series by hour while events come in, between two full scans, each of one snapshot. What the first saw, and what is
 * marked since, must be in the answer; nothing may be that the second did not see.
 */
export function checkBounds(
  { measured, askers }: { measured: Measured; askers: Askers },
  name: string,
  window: Year,
): Promise<Check> {
  return withConnection(measured.suite.urls.database, async (client) => {
    await client.query("begin isolation level repeatable read");
    const least = await scan(client, name, window);
    const { rows } = await client.query<{ id: string }>("select id from ingest.outbox");
    await client.query("commit");
    await measured.pipeline.marked(
      client,
      rows.map(({ id }) => id),
    );
    const start = performance.now();
    const answer = await ask(askers, name, window);
    const queryMs = performance.now() - start;
    const problem = problemOf(least, answer, await scan(client, name, window));
    return { queryMs, ...(problem && { problem: `${name} from ${new Date(window.start).toISOString()}: ${problem}` }) };
  });
}

async function scan(client: pg.Client, name: string, { start, end }: Year): Promise<Buckets> {
  const { rows } = await client.query<{ start: string; count: string; sum: number; min: number; max: number }>(
    `select extract(epoch from date_trunc('hour', "timestamp", 'UTC')) * 1000 as start, count(*) as count,
       sum(value::text::numeric)::float8 as sum, min(value) as min, max(value) as max
     from ingest.events where namespace = $1 and name = $2 and "timestamp" >= $3 and "timestamp" < $4 group by 1`,
    [NAMESPACE, name, new Date(start), new Date(end)],
  );
  return new Map(
    rows.map(({ start, count, sum, min, max }) => [
      Number(start),
      { count: Number(count), sum: sum ?? NONE.sum, min: min ?? NONE.min, max: max ?? NONE.max },
    ]),
  );
}

async function ask(askers: Askers, name: string, { start, end }: Year): Promise<Buckets> {
  const request = encode(QueryAggregatesRequestSchema, {
    ...requestOf(name, start, end),
    granularity: Granularity.HOUR,
    aggregationTypes: [COUNT, SUM, MIN, MAX],
  });
  const { rows } = decode(QueryAggregatesResponseSchema, await askers.call(request));
  return new Map(
    rows.map(({ bucketStart, count, values: [, sum, min, max] }) => [
      timestampDate(bucketStart!).getTime(),
      {
        count: Number(count),
        sum: sum?.value ?? NONE.sum,
        min: min?.value ?? NONE.min,
        max: max?.value ?? NONE.max,
      },
    ]),
  );
}

function problemOf(least: Buckets, answer: Buckets, most: Buckets): string | undefined {
  for (const hour of new Set([...least.keys(), ...answer.keys(), ...most.keys()])) {
    const [low, seen, high] = [least, answer, most].map((buckets) => buckets.get(hour) ?? NONE) as [
      Bucket,
      Bucket,
      Bucket,
    ];
    const isBetween =
      low.count <= seen.count &&
      seen.count <= high.count &&
      low.sum <= seen.sum &&
      seen.sum <= high.sum &&
      low.min >= seen.min &&
      seen.min >= high.min &&
      low.max <= seen.max &&
      seen.max <= high.max;
    if (!isBetween)
      return `at ${new Date(hour).toISOString()} ${JSON.stringify(seen)} is not between ${JSON.stringify(low)} and ${JSON.stringify(high)}`;
  }
  return undefined;
}

import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AggregationType, Granularity } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import type { Session } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { numberTable } from "@ocellus/suite/number-table.ts";
import type { Clients } from "./clients.ts";
import { SHOP } from "./page-visits.ts";
import { SERVERS } from "./server-stats.ts";
import { clock, stateOf } from "./table.ts";
import { until } from "./until.ts";

const DAY_MS = 86_400_000;
const SHOWN_SESSIONS = 10;

const rounded = (value?: number) => (value === undefined ? "" : value.toFixed(1));

/** The sessions of the day of visits, as a table, once they hold all its events. */
export async function showSessions({ sessions }: Clients, day: Date, visits: number): Promise<string> {
  const found = await until(async () => {
    const all = await allSessions(sessions, day);
    return sum(all.map(({ eventCount }) => eventCount)) >= visits ? all : undefined;
  });
  const table = numberTable(["person", "from", "to", "state", "events"], 4);
  for (const session of found.slice(0, SHOWN_SESSIONS)) {
    const { personId, startTime, endTime, eventCount } = session;
    table.push([personId ?? "", clock(startTime), clock(endTime), stateOf(session), String(eventCount)]);
  }
  const shown = Math.min(SHOWN_SESSIONS, found.length);
  const title = `Sessions of ${day.toISOString().slice(0, 10)} in ${SHOP}: ${found.length}, of ${visits} visits; the last ${shown}`;
  return `${title}\n${table}`;
}

async function allSessions(sessions: Clients["sessions"], day: Date): Promise<Session[]> {
  const all: Session[] = [];
  for (let pageToken = ""; ; ) {
    const page = await sessions.listSessions({
      namespace: SHOP,
      startTimeMin: timestampFromDate(day),
      startTimeMax: timestampFromDate(new Date(day.getTime() + DAY_MS - 1)),
      pageSize: 1000,
      pageToken,
    });
    all.push(...page.sessions);
    pageToken = page.nextPageToken;
    if (pageToken === "") return all;
  }
}

/** The visits by hour, as a table. */
export async function showVisits({ aggregation }: Clients, day: Date): Promise<string> {
  const { rows } = await aggregation.queryAggregates({
    namespace: SHOP,
    name: "pageview",
    tsMin: timestampFromDate(day),
    tsMax: timestampFromDate(new Date(day.getTime() + DAY_MS - 1)),
    granularity: Granularity.HOUR,
    aggregationType: AggregationType.COUNT,
  });
  const table = numberTable(["hour", "visits"]);
  for (const { bucketStart, count } of rows) table.push([clock(bucketStart).slice(0, 5), String(count)]);
  return `Visits by hour (UTC)\n${table}`;
}

/** This machine's readings by minute, as a table, once all that were sent since `start` are counted. */
export async function showServerStats({ aggregation }: Clients, start: Date, sent: number): Promise<string> {
  const series = (name: string, aggregationType: AggregationType) => ({
    namespace: SERVERS,
    name,
    tsMin: timestampFromDate(start),
    granularity: Granularity.MINUTE,
    aggregationType,
  });
  const table = numberTable(["series", "minute", "events", "min %", "avg %", "max %"], 2);
  const names = ["cpu_load", "memory_used"];
  await until(async () => {
    const answers = await Promise.all(
      names.map((name) => aggregation.queryAggregates(series(name, AggregationType.COUNT))),
    );
    return sum(answers.flatMap(({ rows }) => rows.map(({ count }) => count))) >= sent ? true : undefined;
  });
  for (const name of names) {
    const [min, avg, max] = await Promise.all(
      [AggregationType.MIN, AggregationType.AVG, AggregationType.MAX].map((type) =>
        aggregation.queryAggregates(series(name, type)),
      ),
    );
    avg?.rows.forEach(({ bucketStart, count, value }, i) => {
      const extremes = [rounded(min?.rows[i]?.value), rounded(value), rounded(max?.rows[i]?.value)];
      table.push([name, clock(bucketStart).slice(0, 5), String(count), ...extremes]);
    });
  }
  return `This machine in the last ${Math.ceil((Date.now() - start.getTime()) / 1000)} s, by minute (UTC)\n${table}`;
}

const sum = (counts: bigint[]) => Number(counts.reduce((total, count) => total + count, 0n));

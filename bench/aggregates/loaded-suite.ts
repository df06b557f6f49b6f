import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { GetFreshnessResponse } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import type { SuiteOptions } from "@ocellus/suite/suite.ts";
import type pg from "pg";
import { NAMESPACE } from "../ingest/events.ts";
import { type Measured, startMeasured } from "../ingest/test-suite.ts";
import { isEmpty, loadEvents } from "../shared/load-events.ts";
import { Askers } from "./ask.ts";
import { DAY_MS, DENSE, lastYear, seriesLines, type Year, yearBefore } from "./series-lines.ts";

const LOOK_EVERY_MS = 100;
const TELL_EVERY_MS = 30_000;

/** As for a server that is to hold ten million events, and not as on a laptop: see MODEST_SETTINGS. */
const POSTGRES_SETTINGS = {
  shared_buffers: "4GB",
  max_wal_size: "16GB",
  checkpoint_timeout: "30min",
  // The parameters of the statements that are explained.
  log_error_verbosity: "default",
};

type Say = (line: string) => void;

/** Which events a suite is to have. */
export interface Load {
  dataDir: string;
  /** Where in it. */
  folder: string;
  count: number;
  environment: SuiteOptions["environment"];
  say: Say;
}

/** A suite with events whose aggregates are all materialised. */
export interface LoadedSuite extends AsyncDisposable {
  measured: Measured;
  askers: Askers;
  dataDir: string;
  year: Year;
  /** How many events were loaded. */
  events: number;
}

/** Starts a suite, loads the events, unless its folder has some already, and waits until they are materialised. */
export async function startLoaded({ dataDir, folder, count, environment, say }: Load): Promise<LoadedSuite> {
  await using stack = new AsyncDisposableStack();
  const measured = stack.use(await startMeasured(join(dataDir, folder), environment, POSTGRES_SETTINGS));
  const { database } = measured;
  if (await isEmpty(database)) {
    const span = lastYear();
    const loading = await loadEvents(database, seriesLines(count, span), span);
    say(`loaded ${count} events in ${loading.toFixed(0)} s`);
    await markAll(database);
  }
  const start = performance.now();
  const { year, events } = await loadedIn(database);
  const askers = stack.use(new Askers(measured));
  await untilMaterialised(measured, askers, say, year.end);
  await vacuumAggregates(database);
  say(`materialised them in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  const owned = stack.move();
  return {
    measured,
    askers,
    dataDir: join(dataDir, folder),
    year,
    events,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * Waits until no bucket waits to be computed, all before `until` has been, and GetFreshness tells the same. That one counts what is
 * dirty, which would cost too much to be asked all the while.
 */
export async function untilMaterialised({ database }: Measured, askers: Askers, say: Say, until = 0): Promise<void> {
  let told = performance.now();
  for (;;) {
    const { rows } = await database.query<{ clean: boolean }>(
      `select at >= $1 and not exists (select from aggregation.dirty_buckets where bucket_start < at) as clean
       from aggregation.frontier`,
      [new Date(until)],
    );
    if (rows[0]!.clean && isFresh(await askers.freshness(), until)) return;
    if (performance.now() > told + TELL_EVERY_MS) {
      told = performance.now();
      say(`${(await askers.freshness()).dirtyBuckets} buckets are still to be materialised`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}

function isFresh({ watermark, dirtyBuckets, pendingChanges }: GetFreshnessResponse, until: number): boolean {
  const reached = watermark ? timestampDate(watermark).getTime() : -Infinity;
  return reached >= until && dirtyBuckets === 0n && pendingChanges === 0n;
}

/** COPY announces nothing, so that all buckets are marked here. */
async function markAll(database: pg.Client): Promise<void> {
  await database.query(`
    insert into aggregation.dirty_buckets (namespace, name, bucket_start)
    select distinct namespace, name, date_bin(interval '15 minutes', "timestamp", timestamptz '1970-01-01 00:00Z')
    from ingest.events on conflict do nothing`);
  await database.query("vacuum (analyze) aggregation.dirty_buckets");
}

/** What the folder was loaded with, whatever was sent to it since: late events are of other series. */
async function loadedIn(database: pg.Client): Promise<{ year: Year; events: number }> {
  const { rows } = await database.query<{ last: Date; events: number }>(
    `select max("timestamp") as last, count(*)::int * 10 as events from ingest.events where namespace = $1 and name = $2`,
    [NAMESPACE, DENSE],
  );
  const [{ last, events }] = rows as [(typeof rows)[0]];
  return { year: yearBefore(Math.ceil(last.getTime() / DAY_MS) * DAY_MS), events };
}

/** Leaves the aggregates as autovacuum would in time. */
async function vacuumAggregates(database: pg.Client): Promise<void> {
  const { rows } = await database.query("select tablename as name from pg_tables where schemaname = 'aggregation'");
  for (const { name } of rows) await database.query(`vacuum (analyze) aggregation.${name}`);
  await database.query("checkpoint");
}

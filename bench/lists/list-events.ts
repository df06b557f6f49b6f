// Measures GET /v1/events over many stored events: see ../README.md.
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { clientCredentials } from "@ocellus/client/client-credentials.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { numberTable } from "@ocellus/suite/number-table.ts";
import { startSuite } from "@ocellus/suite/suite.ts";
import { freeSuitePorts } from "@ocellus/suite/suite-ports.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { isEmpty, loadEvents } from "../shared/load-events.ts";
import { writeResults } from "../shared/write-results.ts";
import { END, eventLines, START } from "./event-lines.ts";
import { explainList } from "./explain.ts";
import { filtersOf } from "./filters.ts";
import { type Measured, measurePages } from "./measure.ts";

const LIMIT_MS = 50;

/** What is measured, and where what came of it is written. */
export interface BenchOptions {
  events: number;
  /** Keeps the suite's data. Where it holds events already, none are loaded. */
  dataDir: string;
  results: string;
  pageSizes: number[];
  /** The only filters to measure, by their titles; all when left out. */
  only?: (title: string) => boolean;
}

/** A row of the results. */
export interface Result extends Measured {
  filter: string;
  pageSize: number;
}

/** Starts a suite, loads the events, and measures each filter's pages. Writes list-events.json and list-events-plans.txt. */
export async function benchListEvents({
  events,
  dataDir,
  results,
  pageSizes,
  only = () => true,
}: BenchOptions): Promise<Result[]> {
  await using suite = await startSuite({ dataDir, ports: await freeSuitePorts() });
  const url = suite.urls.gateway;
  const gateway = { url, token: clientCredentials({ gateway: url, ...suite.administrator }) };
  return await withConnection(suite.urls.database, async (client) => {
    if (await isEmpty(client)) {
      const seconds = await loadEvents(client, eventLines(events), { start: START, end: END });
      say(`loaded ${events} events in ${seconds.toFixed(0)} s`);
    }
    const measured: Result[] = [];
    const plans: string[] = [];
    for (const [filter, query] of filtersOf(events).filter(([title]) => only(title))) {
      for (const pageSize of pageSizes) {
        const explain = async (page: number, again: () => Promise<unknown>) => {
          if (pageSize !== pageSizes[0]) return;
          plans.push(`## ${filter}, page ${page}\n${await explainList(client, dataDir, again)}\n`);
        };
        const pages = await measurePages(gateway, query, pageSize, explain);
        measured.push(...pages.map((page) => ({ filter, pageSize, ...page })));
      }
    }
    const where = { events, cpus: cpus().length, cpu: cpus()[0]?.model, load: loadavg() };
    writeResults(results, { "list-events.json": { ...where, measured }, "list-events-plans.txt": plans.join("\n") });
    return measured;
  });
}

/** The results as a table, slowest first. */
export function tableOf(results: Result[]): string {
  const table = numberTable(["filter", "size", "page", "events", "median ms", "p99 ms"]);
  for (const { filter, pageSize, page, events, medianMs, p99Ms } of results.toSorted((a, b) => b.medianMs - a.medianMs))
    table.push([filter, pageSize, page, events, medianMs.toFixed(1), p99Ms.toFixed(1)]);
  return table.toString();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (import.meta.main) {
  using folder = temporaryFolder();
  const pattern = new RegExp(process.env.ONLY ?? "");
  const pageSizes = (process.env.PAGE_SIZES ?? "50").split(",").map(Number);
  const results = await benchListEvents({
    pageSizes,
    events: Number(process.env.EVENTS ?? 10_000_000),
    dataDir: process.env.DATA ?? folder.path,
    results: join(import.meta.dirname, "../results"),
    only: (title) => pattern.test(title),
  });
  say(tableOf(results));
  for (const pageSize of pageSizes) {
    const ofSize = results.filter((result) => result.pageSize === pageSize);
    const slow = ofSize.filter(({ medianMs }) => medianMs >= LIMIT_MS);
    say(`pages of ${pageSize}: ${slow.length} of ${ofSize.length} take ${LIMIT_MS} ms or more (median)`);
  }
}

// Measures what aggregates cost, and whether they are right meanwhile: see ../README.md.
import { exitWhenTold } from "@ocellus/suite/exit-when-told.ts";
import { machine } from "@ocellus/suite/machine.ts";
import { printLine } from "@ocellus/suite/report.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { writeResults } from "../shared/write-results.ts";
import { readBenchConfig } from "./bench-config.ts";
import { explainQueries } from "./explain-queries.ts";
import { figuresOf, type Results } from "./figures.ts";
import { type LoadedSuite, startLoaded } from "./loaded-suite.ts";
import { measureGrowth } from "./measure-growth.ts";
import { measureKeepingUp } from "./measure-keeping-up.ts";
import { measureLateEvents } from "./measure-late-events.ts";
import { measureQueries } from "./measure-queries.ts";
import { reportOf } from "./report.ts";

export interface AggregatesBench {
  events: number;
  repeats: number;
  rounds: number;
  /** Over how many series late events are spread, whether each batch has events of all their times, how often answers are checked meanwhile. */
  late: { series: number; mixed: boolean; checkEveryMs: number };
  /** Keeps the data. Where it holds events already, none are loaded. */
  dataDir: string;
  /** How often dirty buckets are computed. Default: as the service does. */
  materialiseEvery?: string;
  /** What to measure: queries, growth, late events, keeping up. */
  only: (title: string) => boolean;
  say: (line: string) => void;
  /** Is told what is known as soon as a part is measured: another may fail after hours. */
  measured?: ((results: Results, plans: string) => void) | undefined;
}

/** Measures what is asked for. Late events are a tenth as many as those that are loaded, and those that ingest is kept busy with a hundredth. */
export async function benchAggregates(options: AggregatesBench): Promise<{ results: Results; plans: string }> {
  const { events, only, say, measured = () => {} } = options;
  const results: Results = {};
  let plans = "";
  if (["queries", "growth", "late events"].some(only)) {
    await using loaded = await startLoaded({ ...loadOf(options), folder: "all", count: events });
    if (only("queries")) {
      say("asking");
      results.queries = await measureQueries(loaded, options.repeats);
      plans = await explainQueries(loaded, results.queries);
      measured(results, plans);
    }
    if (only("growth")) {
      results.growth = await compareWithTenth(loaded, options);
      measured(results, plans);
    }
    if (only("late events")) {
      say("sending late events");
      results.lateEvents = await measureLateEvents(loaded, { events: Math.ceil(events / 10), ...options.late, say });
      measured(results, plans);
    }
  }
  if (only("keeping up")) {
    say("sending events with and without aggregation");
    results.keepingUp = await measureKeepingUp(Math.ceil(events / 100), options.rounds, loadOf(options).environment);
    measured(results, plans);
  }
  return { results, plans };
}

async function compareWithTenth(loaded: LoadedSuite, options: AggregatesBench) {
  const count = Math.ceil(options.events / 10);
  await using tenth = await startLoaded({ ...loadOf(options), folder: "tenth", count });
  return await measureGrowth(tenth, loaded, options.repeats);
}

function loadOf({ dataDir, materialiseEvery, say }: AggregatesBench) {
  const environment = materialiseEvery ? { aggregation: { MATERIALISE_EVERY: materialiseEvery } } : {};
  return { dataDir, environment, say };
}

if (import.meta.main) {
  exitWhenTold();
  const config = readBenchConfig();
  using folder = temporaryFolder();
  const pattern = new RegExp(config.ONLY);
  const write = (results: Results, plans: string) => {
    const about = { machine: machine(), date: new Date().toISOString(), events: config.EVENTS };
    writeResults(config.RESULTS, {
      "aggregates.txt": reportOf(results, config.EVENTS),
      "aggregates.json": { ...about, figures: figuresOf(results), ...results },
      ...(plans && { "aggregates-plans.txt": plans }),
    });
  };
  const { results } = await benchAggregates({
    events: config.EVENTS,
    repeats: config.REPEATS,
    rounds: config.ROUNDS,
    late: {
      series: config.LATE_SERIES,
      mixed: config.LATE_ORDER === "mixed",
      checkEveryMs: config.LATE_CHECK_EVERY,
    },
    dataDir: config.DATA || folder.path,
    only: (title) => pattern.test(title),
    say: printLine,
    measured: config.RESULTS ? write : undefined,
  });
  printLine(reportOf(results, config.EVENTS));
}

import { machine } from "@ocellus/suite/machine.ts";
import { numberTable as table } from "@ocellus/suite/number-table.ts";
import { CALL_WITHIN_MS } from "./load/deliver.ts";
import type { Entry } from "./load/entry.ts";
import type { ChaosResult } from "./run-chaos.ts";

const SHOWN_PROBLEMS = 20;
const seconds = (number: number) => `${number.toFixed(1)} s`;

/** The result as plain data. */
export function summaryOf({ seed, seconds, faults, load, memory, findings, problems }: ChaosResult) {
  const { entries, tallies, answers, slowest } = load.ledger;
  const count = (is: (entry: Entry) => boolean) => entries.filter(is).length;
  const { lost, doubled, unwanted, different, unanswered, stored } = findings.events;
  return {
    machine: machine(),
    date: new Date().toISOString(),
    seed,
    seconds: Math.round(seconds),
    faults: Object.fromEntries(faults),
    faultCount: [...faults.values()].reduce((sum, { count }) => sum + count, 0),
    events: {
      sent: entries.length,
      accepted: count(({ outcome }) => outcome === "accepted"),
      refused: count(({ outcome }) => outcome === "refused"),
      sentOnceWithoutAnswer: count(({ outcome }) => outcome === "unknown"),
      poison: count(({ nature, outcome }) => nature === "poison" && outcome === "accepted"),
      stored,
      lost: lost.length,
      doubled: doubled.length,
      unwanted: unwanted.length,
      different: different.length,
      unanswered: unanswered.length,
    },
    ...tallies,
    slowestCallSeconds: slowest / 1000,
    answers: Object.fromEntries([...answers].sort()),
    sessions: findings.sessions,
    aggregateQueries: findings.aggregateQueries,
    buckets: findings.buckets,
    peakMemoryMiB: Object.fromEntries([...memory].sort()),
    problems: problems.length,
  };
}

/** The result for people. */
export function reportOf(result: ChaosResult): string {
  const summary = summaryOf(result);
  const { events, machine } = summary;
  const recovered = `recovered within (limit ${result.recoverMs / 1000} s)`;
  const faults = table(["fault", "times", recovered]);
  for (const [name, { count, recovery }] of [...result.faults].sort()) faults.push([name, count, seconds(recovery)]);
  const figures = table(["events", ""]);
  figures.push(
    ["sent", events.sent],
    ["accepted", events.accepted],
    ["refused, as they broke the contract or the queue was full", events.refused],
    ["sent once, without an answer", events.sentOnceWithoutAnswer],
    ["poison: accepted, refused by PostgreSQL, one error each", events.poison],
    ["updated, and of these deleted", `${summary.updates}, ${summary.deletes}`],
    ["duplicates sent on purpose", summary.duplicates],
    ["retries", summary.retries],
    ["refusals by the full queue, each with a retry delay", summary.queueFull],
    ["stored", events.stored],
    ["lost", events.lost],
    ["doubled", events.doubled],
    ["stored though refused or deleted", events.unwanted],
    ["stored with another content", events.different],
    ["left without an answer", events.unanswered],
  );
  const checks = table(["beside", ""]);
  checks.push(
    ["requests, and reads", `${summary.requests}, ${summary.reads}`],
    [`slowest call (limit ${CALL_WITHIN_MS / 1000} s)`, seconds(summary.slowestCallSeconds)],
    ["sessions equal to a recount", summary.sessions],
    ["aggregate queries equal to SQL over the events", summary.aggregateQueries],
    ["materialised buckets equal to a recount", summary.buckets],
    ...Object.entries(summary.answers).map(([answer, count]) => [`answers ${answer}`, count]),
    ...Object.entries(summary.peakMemoryMiB).map(([part, mib]) => [`peak memory of ${part}`, `${mib} MiB`]),
  );
  const { problems } = result;
  const verdict =
    problems.length === 0
      ? "Every accepted event is stored exactly once; sessions and aggregates equal a recount."
      : `${problems.length} problems:\n${problems.slice(0, SHOWN_PROBLEMS).join("\n")}`;
  const title = `seed ${summary.seed}, ${summary.faultCount} faults in ${summary.seconds} s on ${machine.cpus} × ${machine.model}, ${machine.memoryGiB} GiB, Node ${machine.node}`;
  return [title, faults, figures, checks, verdict].join("\n");
}

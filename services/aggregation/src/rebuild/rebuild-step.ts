import type { EntityManager } from "@mikro-orm/postgresql";
import { EARLIEST, type Micros, microsOfSql } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import type { ChangesContext } from "../committed-changes.ts";
import { QUARTER_MICROS, quarterOf } from "../quarter.ts";
import { untilMarked } from "../until-marked.ts";
import { compareRollups, type Difference } from "./compare-rollups.ts";
import { nextSeries } from "./next-series.ts";
import type { RebuildProgress } from "./rebuild-progress.ts";
import type { RebuildRange } from "./rebuild-range.ts";
import { repairRollups } from "./repair-rollups.ts";
import { type Stretch, stretchOf } from "./stretch.ts";

/** What rebuilding works with. */
export interface RebuildContext extends ChangesContext {
  signal: AbortSignal;
}

/** What a step has done: the whole range is rebuilt where there is no stretch. */
export interface RebuildStep {
  progress: RebuildProgress;
  stretch: Stretch | undefined;
  differences: Difference[];
}

/** Where a rebuild of a range begins: at its first series, up to the watermark at most. */
export async function firstProgress(em: EntityManager, { max }: RebuildRange): Promise<RebuildProgress> {
  const { frontier } = await boundsOf(em);
  const end = max === undefined ? frontier : quarterOf(max) + QUARTER_MICROS;
  return { series: undefined, at: EARLIEST, to: earlier(end, frontier), rebuilt: 0n, different: 0n };
}

/** Rebuilds one stretch. Clean buckets that are as they should be are read, and not written. */
export async function rebuildStep(
  { em, queue, signal }: RebuildContext,
  range: RebuildRange,
  progress: RebuildProgress,
): Promise<RebuildStep> {
  const fork = em.fork();
  const { keptFrom } = await boundsOf(em);
  const min = range.min === undefined ? EARLIEST : quarterOf(range.min);
  const start = later(min, keptFrom);
  let { series, at } = progress;
  if (!series || at >= progress.to || start >= progress.to) {
    series = start < progress.to ? await nextSeries(fork, range, series) : undefined;
    if (!series) return { progress, stretch: undefined, differences: [] };
    at = start;
  }
  const stretch = await stretchOf(fork, series, later(at, start), progress.to);
  const { quarters, differences: suspected } = await compareRollups(fork, stretch);
  let differences: Difference[] = [];
  if (suspected.length > 0) {
    // Most likely these are late events of which the mark is on its way: with it their bucket is dirty, and no difference.
    await untilMarked({ em, queue }, signal);
    differences = await repairRollups(em, stretch, suspected);
  }
  const next = {
    series,
    at: stretch.to,
    to: progress.to,
    rebuilt: progress.rebuilt + BigInt(quarters),
    different: progress.different + BigInt(differences.length),
  };
  return { progress: next, stretch, differences };
}

/** The frontier, and the first quarter of which all events are kept. */
async function boundsOf(em: EntityManager): Promise<{ frontier: Micros; keptFrom: Micros }> {
  const { rows } = await sql<{ frontier: string | null; kept_from: string | null }>`
    select nullif(f.at, '-infinity') as frontier, nullif(k.at, '-infinity') as kept_from
    from aggregation.frontier f, ingest.kept_from k
  `.execute(em.fork().getKysely());
  const { frontier, kept_from } = rows[0]!;
  return {
    frontier: frontier === null ? EARLIEST : microsOfSql(frontier),
    keptFrom: kept_from === null ? EARLIEST : quarterOf(microsOfSql(kept_from) + QUARTER_MICROS - 1n),
  };
}

function earlier(one: Micros, other: Micros): Micros {
  if (one < other) return one;
  return other;
}

function later(one: Micros, other: Micros): Micros {
  if (one > other) return one;
  return other;
}

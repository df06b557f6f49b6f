import { isoOf, type Micros, nowMicros } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { type ChangesContext, CommittedChanges } from "./committed-changes.ts";
import { QUARTER_MICROS, quarterOf } from "./quarter.ts";

/** Where the frontier may go once all changes of some moment are marked. */
interface Goal {
  changes: CommittedChanges;
  frontier: Micros;
}

/**
 * Moves the frontier to a quarter of an hour before the quarter of some moment, once every change that was committed at that
 * moment has been marked. A query reads the events themselves from the frontier on: while announcements or marks are behind, it stays,
 * and the answer stays that of a full scan. What is committed later holds up nothing, so it moves under steady load too.
 */
export class FrontierAdvance {
  readonly #context: ChangesContext;
  #goal: Goal | undefined;

  constructor(context: ChangesContext) {
    this.#context = context;
  }

  /** Looks how far marking is, and moves the frontier if it may be moved. To be called from time to time. */
  async attempt(): Promise<void> {
    const frontier = quarterOf(nowMicros()) - QUARTER_MICROS;
    this.#goal ??= { frontier, changes: await CommittedChanges.untilNow(this.#context) };
    if ((await this.#goal.changes.waiting()) > 0) return;
    const at = isoOf(this.#goal.frontier);
    this.#goal = undefined;
    await sql`update aggregation.frontier set at = ${at}::timestamptz where at < ${at}::timestamptz`.execute(
      this.#context.em.fork().getKysely(),
    );
  }
}

import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import { eventually } from "../../../test/support/eventually.ts";
import type { Entry } from "./load/entry.ts";
import type { Load } from "./load/load.ts";
import { request } from "./load/send-rest.ts";
import type { Target } from "./target/target.ts";

const READS = [
  "/v1/events?pageSize=1",
  "/v1/sessions?pageSize=1",
  "/v1/aggregates/a/b?granularity=day&aggregationType=sum",
];
const READ_WITHIN_MS = 5000;

/** Knows when a suite has got over a fault. */
export class Recovery {
  readonly #target: Target;
  readonly #load: Load;
  /** Up to here, every accepted event was seen in the table. */
  #seen = 0;

  constructor(target: Target, load: Load) {
    this.#target = target;
    this.#load = load;
  }

  /**
   * Waits until every service serves, and all events that are accepted by now are stored, announced, in their sessions and
   * counted. Answers how long that took, in milliseconds. Throws, with what is missing, after `withinMs`.
   */
  async complete(withinMs: number): Promise<number> {
    const start = performance.now();
    const left = () => Math.max(0, withinMs - (performance.now() - start));
    await eventually(() => this.#servesAll(), left());
    const { ids, end } = this.#accepted();
    await eventually(() => this.#requireStored(ids), left());
    this.#seen = end;
    await this.#announced(left);
    return performance.now() - start;
  }

  async #servesAll(): Promise<true> {
    for (const path of READS) {
      const { status } = await request(this.#target, path, "GET", undefined, READ_WITHIN_MS);
      if (status !== 200) throw new Error(`GET ${path} answers ${status}`);
    }
    return true;
  }

  /** Fixed at the call: while the load goes on there is always some event on its way. */
  #accepted(): { ids: string[]; end: number } {
    const fresh = this.#load.ledger.entries.slice(this.#seen);
    const ids = fresh.filter(isToBeStored).map(({ receipt }) => receipt!.id);
    const waiting = fresh.findIndex(({ outcome }) => outcome === "waiting");
    return { ids, end: this.#seen + (waiting < 0 ? fresh.length : waiting) };
  }

  async #requireStored(ids: string[]): Promise<true> {
    const [row] = await this.#target.query<{ missing: number }>(
      `select count(*)::int as missing from unnest($1::uuid[]) as due (id)
       where not exists (select from ingest.events e where e.id = due.id)
         and not exists (select from ingest.deleted_events d where d.id = due.id)`,
      [ids],
    );
    if (row!.missing > 0) throw new Error(`${row!.missing} accepted events are not stored yet`);
    return true;
  }

  /** What is stored by now has left the outbox, and both consumers have had what was in the stream then. */
  async #announced(left: () => number): Promise<void> {
    const target = this.#target;
    const [clock] = await target.query<{ now: string }>("select now()::text as now");
    await eventually(async () => {
      const left = await target.query("select from ingest.outbox where create_time <= $1", [clock!.now]);
      if (left.length > 0) throw new Error(`${left.length} messages wait in the outbox`);
      return true;
    }, left());
    const nats = await connectOperator(target.nats.url, target.certificates);
    try {
      const manager = await nats.jetstreamManager();
      const { last_seq } = (await manager.streams.info(EVENT_CHANGES.stream)).state;
      for (const consumer of EVENT_CHANGES.consumers) {
        await eventually(async () => {
          const { ack_floor } = await manager.consumers.info(EVENT_CHANGES.stream, consumer);
          if (ack_floor.stream_seq < last_seq)
            throw new Error(`${consumer} is at ${ack_floor.stream_seq} of ${last_seq}`);
          return true;
        }, left());
      }
    } finally {
      await nats.close();
    }
  }
}

const isToBeStored = ({ outcome, nature }: Entry) => outcome === "accepted" && nature === "valid";

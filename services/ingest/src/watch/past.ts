import { create } from "@bufbuild/protobuf";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { unlessAborted } from "@ocellus/runtime/unless-aborted.ts";
import type { EventFilter } from "./event-filter.ts";
import { type Position, positionIn, type Span, tokenOf } from "./position.ts";
import type { Snapshot } from "./snapshot.ts";
import { PAGE, type Placed, type StoredLog } from "./stored-log.ts";
import type { Watched } from "./watcher.ts";

/**
 * What was stored before a watcher joins the tail, read at the pace of its reader. All watchers together read one page at a
 * time, so that many that come back at once leave the pool of connections to others.
 */
export class Past {
  readonly #log: StoredLog;
  #last: Promise<unknown> = Promise.resolve();

  constructor(log: StoredLog) {
    this.#log = log;
  }

  /** Where a watch begins: at its token, or now. Throws INVALID_ARGUMENT for a token that is none of this database. */
  async start(token: string, signal: AbortSignal): Promise<{ position: Position; resumeToken: string }> {
    const [now, origin] = await this.#inTurn(
      async () => [await this.#log.now(), await this.#log.origin()] as const,
      signal,
    );
    const position = token === "" ? { from: now } : positionIn(token, origin, now);
    return { position, resumeToken: tokenOf(position, origin) };
  }

  /** Reads until about now, and answers the snapshot up to which it has read all. */
  async *readOn(position: Position, filter: EventFilter, signal: AbortSignal): AsyncGenerator<Watched, Snapshot> {
    let { from, rest } = position;
    if (rest) {
      yield* this.read({ from, ...rest }, filter, signal);
      from = rest.to;
    }
    for (let count = PAGE; count >= PAGE; ) {
      const to = await this.#inTurn(() => this.#log.now(), signal);
      count = yield* this.read({ from, to }, filter, signal);
      from = to;
    }
    return from;
  }

  /** Reads a span, and answers how many events there were. */
  async *read(span: Span, filter: EventFilter, signal: AbortSignal): AsyncGenerator<Watched, number> {
    const { from, to } = span;
    const origin = await this.#log.origin();
    let after = span.after;
    let count = 0;
    let page: Placed[];
    do {
      const rest: Span = { from, to, ...(after && { after }) };
      page = await this.#inTurn(() => this.#log.page(rest, filter), signal);
      for (const { event, place } of page) {
        const resumeToken = tokenOf({ from, rest: { to, after: place } }, origin);
        yield { event: create(EventSchema, event.toMessage()), resumeToken };
      }
      count += page.length;
      after = page.at(-1)?.place;
    } while (page.length === PAGE);
    return count;
  }

  /** Does the work after all that was asked for before, unless the signal has aborted by then. */
  #inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = this.#last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#last = turn.catch(() => {});
    return unlessAborted(turn, signal);
  }
}

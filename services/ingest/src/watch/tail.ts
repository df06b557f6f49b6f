import { setTimeout as sleep } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { tokenOf } from "./position.ts";
import type { Snapshot } from "./snapshot.ts";
import { PAGE, type Placed, type StoredLog } from "./stored-log.ts";
import { onStored } from "./stored-signal.ts";
import type { Watcher } from "./watcher.ts";

const LOOK_EVERY_MS = 1000;
/** Events that are stored so shortly after others are read together with those after them. */
const PAUSE_MS = 20;

interface Joining {
  watcher: Watcher;
  joined: PromiseWithResolvers<Snapshot>;
}

/** Reads what is stored, once for all that watch it, and only while somebody does. */
export class Tail {
  readonly #log: StoredLog;
  readonly #queue: Queue;
  readonly #watchers = new Set<Watcher>();
  #joining: Joining[] = [];
  #isRunning = false;
  #wake = () => {};

  constructor(log: StoredLog, queue: Queue) {
    this.#log = log;
    this.#queue = queue;
  }

  /** From the snapshot that this answers on, the watcher is offered all events. The snapshot is of a moment after the call. */
  join(watcher: Watcher): Promise<Snapshot> {
    const joined = Promise.withResolvers<Snapshot>();
    this.#joining.push({ watcher, joined });
    if (!this.#isRunning) void this.#run();
    this.#wake();
    return joined.promise;
  }

  /** Offers the watcher nothing more. */
  leave(watcher: Watcher): void {
    this.#joining = this.#joining.filter((joining) => joining.watcher !== watcher);
    this.#watchers.delete(watcher);
    this.#wake();
  }

  /** Never rejects: what goes wrong ends all watches with it, and the next join begins anew. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    let unsubscribe = () => {};
    let position: Snapshot | undefined;
    try {
      unsubscribe = onStored(this.#queue, () => this.#wake());
      while (this.#watchers.size + this.#joining.length > 0) {
        const woken = this.#woken();
        position = await this.#follow(position);
        await sleep(PAUSE_MS);
        await woken;
      }
    } catch (error) {
      for (const watcher of this.#watchers) watcher.end(error);
      for (const { joined } of this.#joining) joined.reject(error);
      this.#watchers.clear();
      this.#joining = [];
    } finally {
      unsubscribe();
      this.#isRunning = false;
    }
  }

  /** Offers what became visible since a snapshot, lets in who asked to join before, and answers the snapshot of now. */
  async #follow(from: Snapshot | undefined): Promise<Snapshot> {
    const joining = [...this.#joining];
    const origin = await this.#log.origin();
    const to = await this.#log.now();
    if (from && from.text !== to.text && this.#watchers.size > 0) await this.#offerAll(from, to, origin);
    const resumeToken = tokenOf({ from: to }, origin);
    for (const watcher of this.#watchers) watcher.reach(resumeToken);
    for (const { watcher, joined } of joining.filter((one) => this.#joining.includes(one))) {
      watcher.reach(resumeToken);
      this.#watchers.add(watcher);
      joined.resolve(to);
    }
    this.#joining = this.#joining.filter((one) => !joining.includes(one));
    return to;
  }

  async #offerAll(from: Snapshot, to: Snapshot, origin: string): Promise<void> {
    let last: Placed | undefined;
    let page: Placed[];
    do {
      page = await this.#log.page({ from, to, ...(last && { after: last.place }) });
      for (const { event, place } of page) {
        const interested = [...this.#watchers].filter(({ filter }) => filter.matches(event));
        if (interested.length === 0) continue;
        const message = create(EventSchema, event.toMessage());
        const bytes = toBinary(EventSchema, message).length;
        const resumeToken = tokenOf({ from, rest: { to, after: place } }, origin);
        for (const watcher of interested) watcher.offer({ event: message, resumeToken }, bytes);
      }
      last = page.at(-1);
    } while (page.length === PAGE);
  }

  /** Resolves when there may be something to do. */
  #woken(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_EVERY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

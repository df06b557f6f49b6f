import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import { countCutOff } from "../metrics.ts";
import type { EventFilter } from "./event-filter.ts";

/** What may wait for one watcher. */
const MAX_EVENTS = 1000;
const MAX_BYTES = 4 * 1024 * 1024;

/** What a watcher is sent: an event, or none, and how far it has come with it. */
export interface Watched {
  event?: Event;
  resumeToken: string;
}

/** One that watches the tail: what waits for it to be read, bounded, so that a slow reader costs nothing but its own watch. */
export class Watcher {
  readonly filter: EventFilter;
  /** Where it has come once it has read all that waits. */
  #resumeToken = "";
  #waiting: (Watched & { bytes: number })[] = [];
  #bytes = 0;
  #failure: unknown;
  #wake = () => {};

  constructor(filter: EventFilter) {
    this.filter = filter;
  }

  /** Adds an event. One too many ends the watch: what it was not sent is after its last token. */
  offer(watched: Watched, bytes: number): void {
    if (this.#failure !== undefined) return;
    if (this.#waiting.length === MAX_EVENTS || this.#bytes + bytes > MAX_BYTES) {
      countCutOff();
      this.end(tooSlow());
      return;
    }
    this.#waiting.push({ ...watched, bytes });
    this.#bytes += bytes;
    this.#resumeToken = watched.resumeToken;
    this.#wake();
  }

  /** Notes how far it has come, where no event that it wants is left up to there. */
  reach(resumeToken: string): void {
    this.#resumeToken = resumeToken;
  }

  /** The next event, or only how far it has come where none came for so long. Throws what ended the watch. */
  async next(withinMs: number): Promise<Watched> {
    if (this.#waiting.length === 0 && this.#failure === undefined) await this.#arrival(withinMs);
    if (this.#failure !== undefined) throw this.#failure;
    const next = this.#waiting.shift();
    if (!next) return { resumeToken: this.#resumeToken };
    this.#bytes -= next.bytes;
    return next;
  }

  /** Ends the watch with an error. */
  end(error: unknown): void {
    this.#failure ??= error;
    this.#waiting = [];
    this.#wake();
  }

  #arrival(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function tooSlow(): ServiceError {
  const message = `More than ${MAX_EVENTS} events or ${MAX_BYTES / 1024 / 1024} MiB waited to be read; resume from the last resume_token, with filters that find less or read faster`;
  return new ServiceError(message, { code: Code.RESOURCE_EXHAUSTED, reason: ErrorReason.WATCHER_TOO_SLOW });
}

import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { EventService, WatchEventsRequest } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import type { NamespaceLimit } from "@ocellus/runtime/namespace-limit.ts";
import { Code, ServiceError, unavailable } from "@ocellus/runtime/service-error.ts";
import { unlessAborted } from "@ocellus/runtime/unless-aborted.ts";
import { watchersNow } from "../metrics.ts";
import { filterOf } from "../watch/event-filter.ts";
import type { Past } from "../watch/past.ts";
import type { Tail } from "../watch/tail.ts";
import { Watcher } from "../watch/watcher.ts";

/** What watching works with. */
export interface WatchOptions {
  past: Past;
  tail: Tail;
  /** How many may watch at once. */
  maxWatchers: number;
  /** Ends all watches: the process stops. */
  stopping: AbortSignal;
}

/** After so long without an event a watcher is told how far it has come. */
const IDLE_MS = 15_000;
const RETRY_AFTER_MS = 5000;

/**
 * Sends events as they are stored, each once over all calls of a chain. Throws RESOURCE_EXHAUSTED for one watcher too many, and
 * for one that is too slow, INVALID_ARGUMENT for a token or a filter that is none, UNAVAILABLE when the process stops.
 */
export function watchEvents(options: WatchOptions): Handlers<typeof EventService>["watchEvents"] {
  let watchers = 0;
  return async function* (request, { signal, namespaces }) {
    if (watchers >= options.maxWatchers) throw tooMany(options.maxWatchers);
    watchersNow.set(++watchers);
    try {
      yield* watch(options, request, namespaces, AbortSignal.any([signal, options.stopping]));
    } catch (error) {
      if (signal.aborted) return;
      throw options.stopping.aborted ? stopped() : error;
    } finally {
      watchersNow.set(--watchers);
    }
  };
}

async function* watch(
  { past, tail }: WatchOptions,
  request: WatchEventsRequest,
  limit: NamespaceLimit | undefined,
  signal: AbortSignal,
) {
  const filter = filterOf(request, limit);
  const { position, resumeToken } = await past.start(request.resumeToken, signal);
  yield { resumeToken };
  const read = yield* past.readOn(position, filter, signal);

  const watcher = new Watcher(filter);
  const end = () => watcher.end(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  try {
    const joined = await unlessAborted(tail.join(watcher), signal);
    yield* past.read({ from: read, to: joined }, filter, signal);
    for (;;) yield await watcher.next(IDLE_MS);
  } finally {
    tail.leave(watcher);
    signal.removeEventListener("abort", end);
  }
}

function tooMany(max: number): ServiceError {
  return new ServiceError(`${max} watch this service already, and it serves no more; try again later`, {
    code: Code.RESOURCE_EXHAUSTED,
    reason: ErrorReason.TOO_MANY_WATCHERS,
    retryAfterMs: RETRY_AFTER_MS,
  });
}

function stopped(): ServiceError {
  return unavailable("This service stops; resume with the last resume_token", ErrorReason.SERVICE_UNAVAILABLE);
}

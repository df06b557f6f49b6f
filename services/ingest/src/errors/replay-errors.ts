import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { LockMode } from "@mikro-orm/core";
import type { EntityManager } from "@mikro-orm/postgresql";
import { timeInUuid } from "@ocellus/event-rules/time-in-uuid.ts";
import { validateEvent } from "@ocellus/event-rules/validate-event.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { ReplayResultSchema } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { withinNamespaces } from "@ocellus/runtime/namespace-condition.ts";
import type { NamespaceLimit } from "@ocellus/runtime/namespace-limit.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { type Micros, microsOf, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import type { Outgoing } from "../door/outgoing.ts";
import { publishEvents } from "../door/publish-events.ts";
import { EventError } from "../entities/event-error.ts";
import { type IdentifiedEvent, identifyEvent } from "../identify-event.ts";
import { countAccepted, countReplayed } from "../metrics.ts";
import type { KeptFrom } from "../retention/kept-from.ts";

/** How errors are replayed. */
export interface ReplayOptions {
  em: EntityManager;
  outgoing: Outgoing;
  kept: KeptFrom;
  /** Only tells what would become of them. */
  dryRun: boolean;
  /** What to send in place of what was refused. */
  corrected?: Event | undefined;
  /** The namespaces to which the caller is limited: errors of others, and of none, are passed over. */
  limit: NamespaceLimit | undefined;
}

type Result = MessageInitShape<typeof ReplayResultSchema>;

/** What becomes of an error: the event to send, the receipt of a replay before, or why it is refused again. */
type Verdict = { event: IdentifiedEvent } | { receipt: Result["result"] } | { refused: ServiceError };

/**
 * Sends the events of errors through the door again, newest first, and notes which were accepted. The rows stay locked meanwhile: who
 * replays one of them at the same time waits, and then finds it replayed. An id that none has is passed over.
 */
export function replayErrors(ids: string[], options: ReplayOptions): Promise<Result[]> {
  return options.em.fork().transactional(async (tx) => {
    const errors = await tx.find(
      EventError,
      { $and: [{ id: { $in: ids } }, ...withinNamespaces(options.limit)] },
      {
        orderBy: { createTime: "desc", id: "desc" },
        ...(!options.dryRun && { lockMode: LockMode.PESSIMISTIC_WRITE }),
      },
    );
    const now = nowMicros();
    const verdicts = errors.map((error) => judge(error, options, now));
    const events = verdicts.filter((verdict) => "event" in verdict).map(({ event }) => event);
    const published = options.dryRun ? [] : await publishEvents(options.outgoing, events);

    let next = 0;
    let accepted = 0;
    const results = errors.map((error, index): Result => {
      const verdict = verdicts[index]!;
      if ("receipt" in verdict) return { id: error.id, result: verdict.receipt };
      if ("refused" in verdict) return refused(error, verdict.refused);
      const failure = published[next++];
      if (failure) return refused(error, failure);
      const { id, timestamp } = verdict.event;
      const result = receipt(id, microsOf(timestamp), now);
      if (options.dryRun) return { id: error.id, result };
      error.replayTime = now;
      error.replayedEventId = id;
      error.replayedTimestamp = microsOf(timestamp);
      accepted++;
      return { id: error.id, result };
    });
    await tx.flush();
    countAccepted(accepted);
    countReplayed(accepted);
    return results;
  });
}

function judge(error: EventError, { corrected, kept }: ReplayOptions, now: Micros): Verdict {
  const { replayTime, replayedEventId, replayedTimestamp } = error;
  if (replayTime && replayedEventId && replayedTimestamp) {
    return { receipt: receipt(replayedEventId, replayedTimestamp, replayTime) };
  }
  const event = corrected ?? error.readEvent();
  if (!event) return { refused: notReadable() };
  const named = withIdentity(event, error);
  const violations = validateEvent(named, "event", now, kept.at(now));
  if (violations.length > 0) return { refused: invalidArgument(violations, ErrorReason.INVALID_EVENT) };
  return { event: identifyEvent(named, now) };
}

/** The event with the id and the time that make it the same one however often it is replayed. */
function withIdentity(event: Event, error: EventError): Event {
  const hasOwnId = event.id !== "" || (event.sessionId !== undefined && event.timestamp !== undefined);
  const hasOwnTime = event.timestamp !== undefined || timeInUuid(event.id) !== undefined;
  return create(EventSchema, {
    ...event,
    id: hasOwnId ? event.id : error.id,
    timestamp: hasOwnTime ? event.timestamp : timestampOf(error.createTime),
  });
}

function receipt(id: string, timestamp: Micros, receiveTime: Micros): Result["result"] {
  const value = { id, timestamp: timestampOf(timestamp), receiveTime: timestampOf(receiveTime) };
  return { case: "accepted", value };
}

function refused({ id }: EventError, error: ServiceError): Result {
  return { id, result: { case: "refused", value: toStatus(error) } };
}

function notReadable(): ServiceError {
  return new ServiceError("What was refused cannot be read as an event; replay it with a corrected event", {
    code: Code.FAILED_PRECONDITION,
    reason: ErrorReason.EVENT_NOT_READABLE,
  });
}

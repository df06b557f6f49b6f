import { setImmediate } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { validateEvent } from "@ocellus/event-rules/validate-event.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { EventError } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventState } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { type EventResult, EventResultSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { SessionState } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import type { Behind } from "./gateway-bed.ts";

/** What the services behind the gateway were sent. */
export interface Seen {
  requests: unknown[];
  /** The refused events that the gateway had kept. */
  kept: EventError[];
  cancelled: PromiseWithResolvers<void>;
  /** How much of an endless stream was taken from its service. */
  sent?: number;
}

/** Services that answer what they were sent, and note it. */
export function echo(seen: Seen): Behind {
  const note = <T>(request: T) => {
    seen.requests.push(request);
    return request;
  };
  return {
    ingest: {
      trackEvent: async ({ event }) => {
        note(event);
        const violations = validateEvent(event!, "event", nowMicros());
        if (violations.length > 0) throw invalidArgument(violations, ErrorReason.INVALID_EVENT);
        if (event!.name === "full") throw queueFull();
        return { event };
      },
      batchTrackEvents: async ({ events }) => ({ results: note(events).map(resultOf) }),
      streamEvents: async function* (requests) {
        for await (const { events } of requests) yield { results: note(events).map(resultOf) };
      },
    },
    events: {
      getEvent: async ({ id }, { signal }) => {
        note(id);
        if (id === "slow") await cancellation(signal, seen);
        if (id === "broken") throw new Error("a fault");
        return { event: { id, namespace: "default", name: "n", timestamp: timestampFromMs(0), value: 0 } };
      },
      listEvents: async (request) => {
        note(request);
        if (request.pageSize < 0) throw invalidArgument([{ field: "page_size", description: "must not be negative" }]);
        return { events: [], nextPageToken: request.name === "many" ? "more" : "" };
      },
      getEventStatus: async ({ id }) => ({ eventStatus: { id: note(id), state: EventState.STORED, counted: true } }),
      watchEvents: async function* (request, { signal }) {
        note(request);
        if (request.resumeToken === "wrong") {
          throw invalidArgument([{ field: "resume_token", description: "is none" }], ErrorReason.INVALID_RESUME_TOKEN);
        }
        yield { resumeToken: "start" };
        for (let value = 0; request.name === "endless" && !signal.aborted; value++) {
          seen.sent = value;
          yield {
            event: { id: "e", name: "endless", data: { text: "x".repeat(100_000) } },
            resumeToken: `t${value}`,
          };
          await setImmediate();
        }
        for (let value = 0; value < 3; value++) {
          yield { event: { id: "e", namespace: "default", name: "line\nbreak", value }, resumeToken: `t${value}` };
        }
        if (request.name === "slow") throw watcherTooSlow();
        await cancellation(signal, seen);
      },
      updateEvent: async (request) => ({ event: note(request).event }),
      deleteEvent: async ({ id }) => {
        note(id);
        return {};
      },
      purgeEvents: async (request) => {
        note(request);
        return { deletedCount: 0n };
      },
    },
    errors: {
      getEventError: async ({ id }) => ({ eventError: { id: note(id) } }),
      listEventErrors: async (request) => {
        note(request);
        return { eventErrors: [] };
      },
      deleteEventError: async ({ id }) => {
        note(id);
        return {};
      },
      replayEventErrors: async (request) => {
        note(request);
        return { results: [] };
      },
      recordEventErrors: async (request) => {
        seen.kept.push(...request.eventErrors);
        return {};
      },
    },
    sessions: {
      createSession: async ({ session }) => ({ session: note(session) }),
      closeSessions: async (request) => {
        note(request);
        return { closedCount: 0n };
      },
      getSession: async ({ id }) => ({ session: { id: note(id), namespace: "shop", state: SessionState.OPEN } }),
      listSessions: async (request) => {
        note(request);
        return { sessions: [] };
      },
    },
    persons: {
      createPerson: async ({ person }) => ({ person: note(person) }),
      getPerson: async ({ id }) => ({ person: { id: note(id), email: "kate@example.org", role: "user" } }),
      listPersons: async (request) => {
        note(request);
        return { persons: [] };
      },
      updatePerson: async (request) => ({ person: note(request).person }),
      deletePerson: async ({ id }) => {
        note(id);
        return {};
      },
    },
    clients: {
      createClient: async ({ client }) => ({ client: note(client), clientSecret: "secret" }),
      getClient: async ({ id }) => ({ client: { id: note(id) } }),
      listClients: async (request) => {
        note(request);
        return { clients: [] };
      },
      updateClient: async (request) => ({ client: note(request).client }),
      rotateClientSecret: async ({ id }) => ({ client: { id: note(id) }, clientSecret: "secret" }),
      deleteClient: async ({ id }) => {
        note(id);
        return {};
      },
    },
    audit: {
      listAuditRecords: async (request) => {
        note(request);
        return { auditRecords: [] };
      },
    },
    aggregation: {
      queryAggregates: async (request) => {
        note(request);
        const value = request.name === "valueless" ? undefined : 1.5;
        return { rows: [{ bucketStart: timestampFromMs(0), aggregatedTimestamp: timestampFromMs(1), value }] };
      },
      listSeries: async (request) => {
        note(request);
        return { series: [] };
      },
      getFreshness: async (request) => {
        note(request);
        return { dirtyBuckets: 0n };
      },
      rebuildAggregates: async function* (request) {
        yield { resumeToken: note(request).resumeToken, done: true };
      },
    },
  };
}

function resultOf(event: Event, index: number): EventResult {
  const violations = validateEvent(event, `events[${index}]`, nowMicros());
  const result =
    violations.length === 0
      ? event.name === "full"
        ? { case: "refused" as const, value: toStatus(queueFull()) }
        : { case: "accepted" as const, value: { id: event.id, timestamp: event.timestamp } }
      : { case: "refused" as const, value: toStatus(invalidArgument(violations, ErrorReason.INVALID_EVENT)) };
  return create(EventResultSchema, { result });
}

function queueFull(): ServiceError {
  const facts = { code: Code.RESOURCE_EXHAUSTED, reason: ErrorReason.QUEUE_FULL, retryAfterMs: 2500 };
  return new ServiceError("The queue is full", facts);
}

function watcherTooSlow(): ServiceError {
  return new ServiceError("Too slow", { code: Code.RESOURCE_EXHAUSTED, reason: ErrorReason.WATCHER_TOO_SLOW });
}

async function cancellation(signal: AbortSignal, { cancelled }: Seen): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  cancelled.resolve();
}

import type { MessageInitShape } from "@bufbuild/protobuf";
import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { AcceptedEventsSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import {
  type EventService,
  EventState,
  type EventStatusSchema,
} from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import { withinNamespaces } from "@ocellus/runtime/namespace-condition.ts";
import type { NamespaceLimit } from "@ocellus/runtime/namespace-limit.ts";
import { EVENTS } from "@ocellus/runtime/streams.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";
import { eventNotFound, requireEventId } from "../change-event.ts";
import { DeletedEvent } from "../entities/deleted-event.ts";
import { EventError } from "../entities/event-error.ts";
import { StoredEvent } from "../entities/stored-event.ts";
import { announcedOf } from "../status/announced.ts";
import { searchStream } from "../status/search-stream.ts";
import { sessionOf } from "../status/session-of.ts";
import type { StatusOptions } from "../status/status-options.ts";

type Status = MessageInitShape<typeof EventStatusSchema>;

/**
 * Tells what became of an event. Throws NOT_FOUND where nothing is known of it, and UNAVAILABLE where that cannot be said for sure.
 */
export function getEventStatus(options: StatusOptions): Handlers<typeof EventService>["getEventStatus"] {
  return async (request, { signal, namespaces }) => {
    requireEventId(request.id, "id");
    const id = request.id.toLowerCase();
    const eventStatus =
      (await stored(options, id, namespaces, signal)) ??
      (await accepted(options, id, namespaces)) ??
      // It may have been stored between the two looks.
      (await stored(options, id, namespaces, signal)) ??
      // Of which namespace it was is not known any more.
      (namespaces ? undefined : await deleted(options, id)) ??
      (await refused(options, id, namespaces));
    if (!eventStatus) throw eventNotFound(id);
    return { eventStatus };
  };
}

async function stored(
  options: StatusOptions,
  id: string,
  limit: NamespaceLimit | undefined,
  signal: AbortSignal,
): Promise<Status | undefined> {
  const own = { $and: [{ id }, ...withinNamespaces(limit)] };
  const events = await options.em.fork().find(StoredEvent, own, { orderBy: { timestamp: "desc" } });
  const [newest] = events;
  if (!newest) return undefined;
  const announced = await announcedOf(options, id);
  return {
    id,
    state: EventState.STORED,
    receiveTime: timestampOf(newest.receiveTime),
    storeTime: newest.storeTime ? timestampOf(newest.storeTime) : undefined,
    timestamps: events.map(({ timestamp }) => timestampOf(timestamp)),
    sessionId: announced.sessionised ? await sessionOf(options, newest, signal) : "",
    ...announced,
  };
}

async function accepted(
  { queue }: StatusOptions,
  id: string,
  limit: NamespaceLimit | undefined,
): Promise<Status | undefined> {
  const own = (data: Uint8Array) =>
    decode(AcceptedEventsSchema, data).events.filter((event) => event.id === id && isOpen(event, limit));
  const message = await searchStream(queue, EVENTS.stream, { text: id, matches: (data) => own(data).length > 0 });
  if (!message) return undefined;
  const { receiveTime } = decode(AcceptedEventsSchema, message.data);
  return {
    id,
    state: EventState.ACCEPTED,
    receiveTime,
    timestamps: own(message.data).flatMap(({ timestamp }) => timestamp ?? []),
  };
}

function isOpen({ namespace = DEFAULT_NAMESPACE }: Event, limit: NamespaceLimit | undefined): boolean {
  return limit?.allows(namespace) ?? true;
}

async function deleted({ em }: StatusOptions, id: string): Promise<Status | undefined> {
  const [last] = await em.fork().find(DeletedEvent, { id }, { orderBy: { deleteTime: "desc" }, limit: 1 });
  return last && { id, state: EventState.DELETED, deleteTime: timestampOf(last.deleteTime) };
}

async function refused(
  { em }: StatusOptions,
  id: string,
  limit: NamespaceLimit | undefined,
): Promise<Status | undefined> {
  const own = { $and: [{ eventId: id }, ...withinNamespaces(limit)] };
  const [last] = await em.fork().find(EventError, own, { orderBy: { createTime: "desc" }, limit: 1 });
  const error = last?.toMessage();
  return error && { id, state: EventState.REFUSED, eventErrorId: error.id, error: error.status };
}

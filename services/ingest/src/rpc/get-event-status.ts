import type { MessageInitShape } from "@bufbuild/protobuf";
import { AcceptedEventsSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import {
  type EventService,
  EventState,
  type EventStatusSchema,
} from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
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
  return async (request, { signal }) => {
    requireEventId(request.id, "id");
    const id = request.id.toLowerCase();
    const eventStatus =
      (await stored(options, id, signal)) ??
      (await accepted(options, id)) ??
      // It may have been stored between the two looks.
      (await stored(options, id, signal)) ??
      (await deleted(options, id)) ??
      (await refused(options, id));
    if (!eventStatus) throw eventNotFound(id);
    return { eventStatus };
  };
}

async function stored(options: StatusOptions, id: string, signal: AbortSignal): Promise<Status | undefined> {
  const events = await options.em.fork().find(StoredEvent, { id }, { orderBy: { timestamp: "desc" } });
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

async function accepted({ queue }: StatusOptions, id: string): Promise<Status | undefined> {
  const own = (data: Uint8Array) => decode(AcceptedEventsSchema, data).events.filter((event) => event.id === id);
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

async function deleted({ em }: StatusOptions, id: string): Promise<Status | undefined> {
  const [last] = await em.fork().find(DeletedEvent, { id }, { orderBy: { deleteTime: "desc" }, limit: 1 });
  return last && { id, state: EventState.DELETED, deleteTime: timestampOf(last.deleteTime) };
}

async function refused({ em }: StatusOptions, id: string): Promise<Status | undefined> {
  const [last] = await em.fork().find(EventError, { eventId: id }, { orderBy: { createTime: "desc" }, limit: 1 });
  const error = last?.toMessage();
  return error && { id, state: EventState.REFUSED, eventErrorId: error.id, error: error.status };
}

import { create, toBinary } from "@bufbuild/protobuf";
import type { EntityManager } from "@mikro-orm/postgresql";
import {
  type EventError,
  EventErrorSchema,
  type EventErrorService,
} from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { findErrors } from "../errors/find-errors.ts";

/** What one answer may hold at most, so that it stays below gRPC's default limit of 4 MiB. */
const MAX_BYTES = 3 * 1024 * 1024;

/** Lists refused events, newest first. Throws INVALID_ARGUMENT for a page token of another query. */
export function listEventErrors(em: EntityManager): Handlers<typeof EventErrorService>["listEventErrors"] {
  return async (request, { namespaces }) => {
    const { replayed } = request;
    const further = replayed === undefined ? [] : [{ replayTime: replayed ? { $ne: null } : null }];
    const eventErrors: EventError[] = [];
    let bytes = 0;
    let nextPageToken = "";
    for await (const part of findErrors(em, request, further, namespaces)) {
      for (const row of part.rows) {
        const error = create(EventErrorSchema, row.toMessage());
        bytes += toBinary(EventErrorSchema, error).length;
        if (bytes > MAX_BYTES && eventErrors.length > 0) return { eventErrors, nextPageToken };
        eventErrors.push(error);
        nextPageToken = part.tokenAfter(row);
      }
      nextPageToken = part.nextPageToken;
    }
    return { eventErrors, nextPageToken };
  };
}

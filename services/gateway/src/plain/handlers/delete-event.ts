import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { PlainHandler } from "../plain-route.ts";

/** Deletes one event. */
export const deleteEvent: PlainHandler = async ({ bound, contract }) => {
  await contract(EventService.method.deleteEvent, { id: bound("id") });
  return { status: 204 };
};

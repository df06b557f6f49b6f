import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { PlainHandler } from "../plain-route.ts";
import { eventJson } from "../resources.ts";

/** Answers one event. */
export const getEvent: PlainHandler = async ({ bound, contract }) => {
  const { event } = await contract(EventService.method.getEvent, { id: bound("id") });
  return { status: 200, json: eventJson(event!) };
};

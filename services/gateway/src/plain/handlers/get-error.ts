import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import type { PlainHandler } from "../plain-route.ts";
import { eventErrorJson } from "../resources.ts";

/** Answers one refused event. */
export const getError: PlainHandler = async ({ bound, contract }) => {
  const { eventError } = await contract(EventErrorService.method.getEventError, { id: bound("id") });
  return { status: 200, json: eventErrorJson(eventError!) };
};

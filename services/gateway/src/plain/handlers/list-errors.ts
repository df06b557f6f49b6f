import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { PAGE_NAMES, paged, pageJson } from "../list.ts";
import type { PlainHandler } from "../plain-route.ts";
import { readQuery } from "../read-query.ts";
import { eventErrorJson } from "../resources.ts";

const NAMES = {
  ...PAGE_NAMES,
  namespace: "namespace",
  channel_id: "namespace",
  field: "field",
  create_time__gte: "create_time_min",
  create_time__lte: "create_time_max",
};

const { listEventErrors: method } = EventErrorService.method;

/** Lists refused events, newest first. */
export const listErrors: PlainHandler = async ({ http, query, contract }) => {
  const { request, asSent } = readQuery(method.input, query, NAMES);
  const { eventErrors, nextPageToken } = await contract(method, paged(request), asSent);
  return { status: 200, json: pageJson(http, eventErrors.map(eventErrorJson), nextPageToken) };
};

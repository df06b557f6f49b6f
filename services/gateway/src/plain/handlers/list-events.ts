import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { PAGE_NAMES, paged, pageJson } from "../list.ts";
import type { PlainHandler } from "../plain-route.ts";
import { readQuery } from "../read-query.ts";
import { eventJson } from "../resources.ts";

const NAMES = {
  ...PAGE_NAMES,
  namespace: "namespace",
  channel_id: "namespace",
  name: "name",
  keyword: "name",
  category: "category",
  session_id: "session_id",
  session: "session_id",
  person_id: "person_id",
  visitor_id: "person_id",
  timestamp__gte: "timestamp_min",
  timestamp_after: "timestamp_min",
  timestamp__lte: "timestamp_max",
  timestamp_before: "timestamp_max",
};

const { listEvents: method } = EventService.method;

/** Lists events, newest first. */
export const listEvents: PlainHandler = async ({ http, query, contract }) => {
  const { request, asSent } = readQuery(method.input, query, NAMES);
  const { events, nextPageToken } = await contract(method, paged(request), asSent);
  return { status: 200, json: pageJson(http, events.map(eventJson), nextPageToken) };
};

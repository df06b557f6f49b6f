import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { PAGE_NAMES, paged, pageJson } from "../list.ts";
import type { PlainHandler } from "../plain-route.ts";
import { readQuery } from "../read-query.ts";
import { sessionJson } from "../resources.ts";

const NAMES = {
  ...PAGE_NAMES,
  namespace: "namespace",
  channel_id: "namespace",
  person_id: "person_id",
  visitor_id: "person_id",
  start_time__gte: "start_time_min",
  start_time__lte: "start_time_max",
};

const { listSessions: method } = SessionService.method;

/** Lists sessions, newest first. */
export const listSessions: PlainHandler = async ({ http, query, contract }) => {
  const { request, asSent } = readQuery(method.input, query, NAMES);
  const { sessions, nextPageToken } = await contract(method, paged(request), asSent);
  return { status: 200, json: pageJson(http, sessions.map(sessionJson), nextPageToken) };
};

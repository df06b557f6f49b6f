import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { PAGE_NAMES, paged, pageJson } from "../list.ts";
import type { PlainHandler } from "../plain-route.ts";
import { readQuery } from "../read-query.ts";
import { personJson } from "../resources.ts";

const NAMES = {
  ...PAGE_NAMES,
  namespace: "namespace",
  channel_id: "namespace",
  email: "email",
  role: "role",
};

const { listPersons: method } = PersonService.method;

/** Lists persons, without their events, newest first. */
export const listPersons: PlainHandler = async ({ http, query, contract }) => {
  const { request, asSent } = readQuery(method.input, query, NAMES);
  const { persons, nextPageToken } = await contract(method, paged(request), asSent);
  return { status: 200, json: pageJson(http, persons.map(personJson), nextPageToken) };
};

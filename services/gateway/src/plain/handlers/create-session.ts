import { SessionSchema, SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { PlainHandler } from "../plain-route.ts";
import { readObject } from "../read-object.ts";
import { sessionJson } from "../resources.ts";

const NAMES = {
  id: "id",
  namespace: "namespace",
  channel_id: "namespace",
  person_id: "person_id",
  visitor_id: "person_id",
};

/** Creates a session without events. The body may be left out. */
export const createSession: PlainHandler = async ({ body, contract }) => {
  const { resource, asSent } = readObject(SessionSchema, body ?? {}, NAMES);
  const answer = await contract(SessionService.method.createSession, { session: resource }, (path) =>
    asSent(path.replace(/^session\./, "")),
  );
  return { status: 201, json: sessionJson(answer.session!) };
};

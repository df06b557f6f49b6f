import type { JsonValue } from "@bufbuild/protobuf";
import { SessionSchema, SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { describe } from "../../json/describe.ts";
import { Problems, pathOfKey } from "../../json/problems.ts";
import { fieldsOf, readFields } from "../fields.ts";
import type { PlainHandler } from "../plain-route.ts";
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
  const problems = new Problems();
  const fields = fieldsOf(entriesOf(body ?? {}, problems), NAMES, "", problems);
  for (const [name] of fields.others)
    problems.add(pathOfKey("", name), "is not a field that a session is created with");
  const session = readFields(SessionSchema, fields, problems);
  if (problems.violations.length > 0) throw invalidArgument(problems.violations);
  const answer = await contract(SessionService.method.createSession, { session }, (path) =>
    fields.asSent(path.replace(/^session\./, "")),
  );
  return { status: 201, json: sessionJson(answer.session!) };
};

function entriesOf(body: JsonValue, problems: Problems): [string, JsonValue][] {
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return Object.entries(body);
  problems.add("", `must be an object, and is ${describe(body)}`);
  return [];
}

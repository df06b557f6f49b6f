import type { JsonValue } from "@bufbuild/protobuf";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { fieldNamed } from "../json/field-named.ts";
import { isObject } from "../json/is-object.ts";
import { pathOfKey } from "../json/problems.ts";
import { renameFields } from "../rename-fields.ts";
import type { Route } from "./routes.ts";

/** What a client sent: the JSON of its body, or an object with the names of its query parameters. */
export interface Sent {
  route: Route;
  json: JsonValue | undefined;
}

/**
 * The path of a field as the client sent it: within its own body, which may be one field of the request, and with its own
 * spelling. `events[3].session_id` is `[3].sessionId` to who sent a list of events in lowerCamel.
 */
export function pathAsSent(path: string, { route, json }: Sent): string {
  const { body, method } = route;
  const tokens = path.match(/\[\d+\]|[^.[\]]+/g) ?? [];
  const isBodyField = typeof body === "object" && tokens[0] === body.name;
  if (isBodyField && tokens.length === 1) return path;

  let desc = isBodyField ? body.message : method.input;
  let value: JsonValue | undefined = isBodyField || typeof body !== "object" ? json : undefined;
  let sent = "";
  for (const token of isBodyField ? tokens.slice(1) : tokens) {
    if (token.startsWith("[")) {
      sent += token;
      value = Array.isArray(value) ? value[Number(token.slice(1, -1))] : undefined;
      continue;
    }
    const fields = isObject(value) ? value : {};
    const field = desc && fieldNamed(desc, token);
    const key =
      field && !Object.hasOwn(fields, field.name) && Object.hasOwn(fields, field.jsonName) ? field.jsonName : token;
    sent = pathOfKey(sent, key);
    value = Object.hasOwn(fields, key) ? fields[key] : undefined;
    desc = field?.message;
  }
  return sent;
}

/** An error that names the fields as the client sent them. */
export function statusAsSent(status: Status, sent: Sent): Status {
  return renameFields(status, (path) => pathAsSent(path, sent));
}

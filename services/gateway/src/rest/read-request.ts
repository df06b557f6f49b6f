import { create, type JsonObject, type JsonValue, type Message } from "@bufbuild/protobuf";
import { describe } from "../json/describe.ts";
import { Problems } from "../json/problems.ts";
import { readField, readMessage } from "../json/read-message.ts";
import { requireReadable } from "../request-checks.ts";
import { implyMask } from "./imply-mask.ts";
import { pathAsSent, type Sent } from "./paths-as-sent.ts";
import { bindText, namesIn, readQuery } from "./read-query.ts";
import type { Route } from "./routes.ts";

/** A REST request taken apart. */
export interface Parts {
  /** What the variables of the path are bound to, by field path. */
  bound: Map<string, string>;
  query: string;
  /** Absent where the route reads no body. */
  body: JsonValue | undefined;
}

/** Makes the request of an RPC from its parts. Throws INVALID_ARGUMENT naming every field that cannot be read. */
export function readRequest({ route, json }: Sent, { bound, query, body }: Parts): Message {
  const { input } = route.method;
  const message = create(input);
  const problems = new Problems();
  if (route.body === "*") readMessage(input, message, body ?? null, "", problems);
  else if (route.body && body === null) problems.add("", `must not be ${describe(body)}`);
  else if (route.body) readField(message, route.body, body ?? null, "", problems);

  const inBody = route.body === "*" ? input.fields.map(({ name }) => name) : route.body ? [route.body.name] : [];
  readQuery(input, message, query, new Set([...bound.keys(), ...inBody]), problems);
  // The path is what the request was sent to: it overrules the body.
  for (const [path, text] of bound) bindText(input, message, path, text, problems);
  implyMask(route, message, body, bound.keys());
  requireReadable(problems, route.method, message, (path) => pathAsSent(path, { route, json }));
  return message;
}

/** What the client's own spelling is looked up in. */
export function sentAs(route: Route, { query, body }: Parts): Sent {
  if (route.body) return { route, json: body };
  const names: JsonObject = Object.fromEntries(namesIn(query).map((name) => [name, ""]));
  return { route, json: names };
}

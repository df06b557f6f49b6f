import type { JsonValue } from "@bufbuild/protobuf";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { invalidArgument, type ServiceError } from "@ocellus/runtime/service-error.ts";
import { describe } from "../json/describe.ts";
import { isObject } from "../json/is-object.ts";
import type { Route } from "./routes.ts";

/** Of routes with the same method and path, the one whose body has the JSON type of `body`. Throws where none has. */
export function chooseRoute(routes: readonly Route[], body: JsonValue): Route {
  const [only] = routes;
  if (only && routes.length === 1) return only;
  const chosen = routes.find((route) => (takesList(route) ? Array.isArray(body) : isObject(body)));
  if (chosen) return chosen;
  const choices = routes.map((route) => `${takesList(route) ? "a list" : "an object"} (${route.method.name})`);
  const description = `must be ${choices.join(" or ")}, and is ${describe(body)}`;
  throw invalidArgument([{ field: "body", description }], ErrorReason.MALFORMED_BODY);
}

/** The error of a body of more than `maxBytes`, of which no more than the start was looked at. */
export function bodyTooLarge(routes: readonly Route[], start: Uint8Array, maxBytes: number): ServiceError {
  const isList =
    Buffer.from(start.buffer, start.byteOffset, start.byteLength).toString("latin1").trimStart()[0] === "[";
  const list = isList ? routes.find(takesList)?.body : undefined;
  const field = typeof list === "object" ? list.name : "body";
  return invalidArgument([{ field, description: `must have at most ${maxBytes} bytes, and has more` }]);
}

/** Whether the body of this route is a JSON list. */
export function takesList({ body }: Route): boolean {
  return typeof body === "object" && body.fieldKind === "list";
}

import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import type { HttpRequest } from "../http/node-http.ts";

/** Throws HTTP 415 for a body that is declared to be anything but JSON in UTF-8, as it is. Absent headers pass. */
export function requireJsonIfDeclared({ headers }: HttpRequest): void {
  const type = headers["content-type"];
  if (type !== undefined && !isJson(type)) throw unsupported(`is of the type ${type.slice(0, 100)}`);
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") throw unsupported(`is encoded as ${encoding.slice(0, 100)}`);
}

/** Throws HTTP 415 for a body that is not declared to be JSON. */
export function requireJson(request: HttpRequest): void {
  requireJsonIfDeclared(request);
  if (request.headers["content-type"] === undefined) throw unsupported("has no Content-Type");
}

/** Whether a Content-Type is JSON in UTF-8. */
export function isJson(contentType: string): boolean {
  // What nearly all send.
  if (contentType === "application/json") return true;
  const [type, ...parameters] = contentType.split(";").map((part) => part.trim().toLowerCase());
  return (
    type === "application/json" &&
    parameters.every((parameter) => !parameter.startsWith("charset=") || /^charset="?utf-?8"?$/.test(parameter))
  );
}

function unsupported(found: string): ServiceError {
  return new ServiceError(`The body ${found}; send it as application/json in UTF-8`, {
    code: Code.INVALID_ARGUMENT,
    reason: ErrorReason.UNSUPPORTED_CONTENT_TYPE,
  });
}

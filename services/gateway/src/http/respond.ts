import type { Http2ServerRequest } from "node:http2";
import { createRegistry, type JsonValue, toJson } from "@bufbuild/protobuf";
import { file_google_rpc_error_details } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { type Status, StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { challengeOf } from "../access/challenge.ts";
import { answerAndClose } from "./answer-and-close.ts";
import type { HttpRequest, HttpResponse } from "./node-http.ts";
import { httpStatusOf, retryAfterOf } from "./status-code.ts";

/** The types that an error's details may have. */
export const errorDetails = createRegistry(file_google_rpc_error_details);

/** Answers JSON. */
export function respond(response: HttpResponse, status: number, json: JsonValue): void {
  if (response.destroyed) return;
  // As a text it leaves in one piece with the headers; as bytes it would not.
  const body = `${JSON.stringify(json)}\n`;
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const { req: request } = response;
  if (isUnread(request)) answerAndClose(request, response, () => response.writeHead(status, headers).write(body));
  else response.writeHead(status, headers).end(body);
}

/** Whether the client may be sending a body of which not all is read. */
function isUnread(request: HttpRequest): boolean {
  if (request.complete) return false;
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  const isStreamed = "stream" in request && !(request as unknown as Http2ServerRequest).stream.endAfterHeaders;
  return request.readableDidRead || length !== undefined || encoding !== undefined || isStreamed;
}

/** Answers an error as google.rpc.Status in proto3 JSON, with the HTTP status of its code. */
export function respondError(response: HttpResponse, status: Status): void {
  const retryAfter = retryAfterOf(status);
  if (retryAfter !== undefined && !response.headersSent) response.setHeader("retry-after", retryAfter);
  challenge(response, status);
  respond(response, httpStatusOf(status), statusJson(status));
}

/** Says in a header how to get in, where an error is that nobody gets in so. */
export function challenge(response: HttpResponse, status: Status): void {
  const value = challengeOf(status);
  if (value !== undefined && !response.headersSent) response.setHeader("www-authenticate", value);
}

/** The proto3 JSON of an error. A detail of a type that is not known here has no JSON, and is left out. */
export function statusJson(status: Status): JsonValue {
  const details = status.details.filter(({ typeUrl }) => errorDetails.getMessage(typeUrl.split("/").at(-1)!));
  return toJson(StatusSchema, { ...status, details }, { registry: errorDetails });
}

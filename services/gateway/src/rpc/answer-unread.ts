import type { DescMethod } from "@bufbuild/protobuf";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, endStreamToJson, errorToJson } from "@connectrpc/connect/protocol-connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import type { HttpRequest, HttpResponse } from "../http/node-http.ts";
import { challenge, respond } from "../http/respond.ts";
import { httpCodeOf, retryAfterOf } from "../http/status-code.ts";
import type { CallNote } from "../metrics.ts";
import { connectErrorOf } from "./connect-error.ts";

/** The flag of the envelope that ends a stream of Connect. */
const END_STREAM = 0b10;

/** Answers an error, in the protocol that the client speaks, to a call that never comes to Connect: it is denied, or cannot be read. */
export function answerUnread(
  request: HttpRequest,
  response: HttpResponse,
  method: DescMethod,
  status: Status,
  note: CallNote,
): void {
  const error = connectErrorOf(status);
  note.status = httpCodeOf(status.code);
  challenge(response, status);
  const retryAfter = retryAfterOf(status);
  if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
  const type = request.headers["content-type"] ?? "";
  if (type.startsWith("application/grpc")) {
    // "Trailers-Only": without messages the trailers are headers. Written at the end they leave in the frame that ends the stream.
    const trailers = new Headers({ "content-type": type });
    setTrailerStatus(trailers, error);
    for (const [name, value] of trailers) response.setHeader(name, value);
    response.end();
  } else if (method.methodKind === "unary") {
    respond(response, codeToHttpStatus(error.code), errorToJson(error, undefined));
  } else {
    const end = JSON.stringify(endStreamToJson(new Headers(), error, undefined));
    response.writeHead(200, { "content-type": type || "application/connect+json" });
    response.end(encodeEnvelope(END_STREAM, new TextEncoder().encode(end)));
  }
}

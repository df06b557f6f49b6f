import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import type { ReceivedCall } from "../event-errors/refused-call.ts";
import type { HttpRequest } from "../http/node-http.ts";
import { readBody } from "../http/read-body.ts";
import { parseJson } from "../json/parse-json.ts";
import { Problems } from "../json/problems.ts";
import { readMessage } from "../json/read-message.ts";
import { requireReadable } from "../request-checks.ts";
import { isJson } from "../rest/media-type.ts";

/** The largest message that is read: as in the services, far above what they accept, so that they refuse it by its field. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** Whether this is a Connect call with one JSON request, uncompressed. */
export function isUnaryJson(method: DescMethod, request: HttpRequest): boolean {
  const { "content-type": type, "content-encoding": encoding = "identity" } = request.headers;
  const isJsonBody = type !== undefined && isJson(type) && encoding === "identity";
  return method.methodKind === "unary" && request.method === "POST" && isJsonBody;
}

/**
 * Reads such a request as REST reads a body: Connect itself would name the first wrong field alone, and without the
 * details that every error has. Throws INVALID_ARGUMENT naming every field that cannot be read.
 *
 * @param received is told what was read
 */
export async function readUnaryJson(
  method: DescMethod,
  request: HttpRequest,
  received: ReceivedCall,
): Promise<Message> {
  const json = parseJson(await readBody(request, MAX_MESSAGE_BYTES, tooLarge, received.body));
  received.json = json;
  const message = create(method.input);
  const problems = new Problems();
  readMessage(method.input, message, json, "", problems);
  requireReadable(problems, method, message);
  received.request = message;
  return message;
}

/** The refusal of a message beyond the limit. */
export function tooLarge(): ServiceError {
  return new ServiceError(`The request has more than ${MAX_MESSAGE_BYTES} bytes; send less at a time`, {
    code: Code.INVALID_ARGUMENT,
    reason: ErrorReason.INVALID_REQUEST,
  });
}

import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import type { HttpRequest, HttpResponse } from "../http/node-http.ts";

/** Tells which methods a path takes: to OPTIONS as its answer, to any other method by throwing METHOD_NOT_ALLOWED. */
export function answerOtherMethod({ method = "" }: HttpRequest, response: HttpResponse, path: string, allow: string[]) {
  response.setHeader("allow", allow.join(", "));
  if (method !== "OPTIONS") {
    throw new ServiceError(`${path} takes no ${method}, but ${allow.join(", ")}`, {
      code: Code.UNIMPLEMENTED,
      reason: ErrorReason.METHOD_NOT_ALLOWED,
    });
  }
  response.writeHead(204).end();
}

import { create } from "@bufbuild/protobuf";
import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { BadRequestSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { type Status, StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { violationsMessage } from "./violations-message.ts";

/** An error whose violations, and the message made of them, name the fields as `rename` has them. */
export function renameFields(status: Status, rename: (path: string) => string): Status {
  let message = status.message;
  const details = status.details.map((detail) => {
    const badRequest = anyUnpack(detail, BadRequestSchema);
    if (!badRequest) return detail;
    const renamed = badRequest.fieldViolations.map((violation) => ({ ...violation, field: rename(violation.field) }));
    if (message === violationsMessage(badRequest.fieldViolations)) message = violationsMessage(renamed);
    return anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations: renamed }));
  });
  return create(StatusSchema, { code: status.code, message, details });
}

import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { BadRequestSchema, ErrorInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { ErrorReason, ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { ServiceError, type Violation } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { storable } from "./storable.ts";

const MAX_MESSAGE_LENGTH = 8 * 1024;
const MAX_VIOLATIONS_LENGTH = 16 * 1024;
const MAX_FIELDS = 100;

/** A refusal as it is kept: made anew, so that it is one that every reader knows, and at most 64 KiB large. */
export function keptStatus(status: Status): Status {
  const all = violationsOf(status);
  const violations: Violation[] = [];
  let length = 0;
  for (const { field, description } of all) {
    length += field.length + description.length + 8;
    if (length > MAX_VIOLATIONS_LENGTH) break;
    violations.push({ field, description });
  }
  const unlisted = all.length - violations.length;
  if (unlisted > 0) violations.push({ field: "body", description: `has ${unlisted} further problems, not kept here` });
  const message = status.message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
  return toStatus(new ServiceError(message, { code: status.code, reason: reasonOf(status), violations }));
}

/** The reason of a refusal; UNSPECIFIED where it has none that is known. */
export function reasonOf({ details }: Status): ErrorReason {
  const name = details.map((detail) => anyUnpack(detail, ErrorInfoSchema)?.reason).find(Boolean);
  const value = ErrorReasonSchema.values.find(({ localName }) => localName === name);
  return (value?.number as ErrorReason | undefined) ?? ErrorReason.UNSPECIFIED;
}

/** The offending fields of a refusal by their paths in the event, each once. */
export function fieldsOf(status: Status): string[] {
  const paths = violationsOf(status).map(({ field }) => storable(pathInEvent(field)));
  return [...new Set(paths)].slice(0, MAX_FIELDS);
}

/** `event.name`, `events[3].name` and `[3].name` are all the `name` of an event. */
function pathInEvent(path: string): string {
  return path.replace(/^(?:event|events\[\d+\]|\[\d+\])(?:\.|$)/, "") || "event";
}

function violationsOf({ details }: Status): Violation[] {
  return details.flatMap((detail) => anyUnpack(detail, BadRequestSchema)?.fieldViolations ?? []);
}

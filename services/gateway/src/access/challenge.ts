import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { ErrorInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { ErrorReason, ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";

const REALM = 'Bearer realm="ocellus"';

/** The value of WWW-Authenticate that goes with an error (RFC 6750, section 3); undefined where none does. */
export function challengeOf(status: Status): string | undefined {
  if (status.code !== UNAUTHENTICATED && status.code !== PERMISSION_DENIED) return undefined;
  const info = status.details.map((detail) => anyUnpack(detail, ErrorInfoSchema)).find(Boolean);
  switch (info?.reason) {
    case nameOf(ErrorReason.TOKEN_MISSING):
      return REALM;
    case nameOf(ErrorReason.TOKEN_INVALID):
      return `${REALM}, error="invalid_token", error_description="${quotable(status.message)}"`;
    case nameOf(ErrorReason.SCOPE_MISSING):
      return `${REALM}, error="insufficient_scope", scope="${info?.metadata.scope ?? ""}"`;
    default:
      return undefined;
  }
}

const UNAUTHENTICATED = 16;
const PERMISSION_DENIED = 7;

/** What an error_description may hold: printable ASCII but quotes and backslashes. */
function quotable(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'");
}

function nameOf(reason: ErrorReason): string {
  return ErrorReasonSchema.value[reason]!.localName;
}

import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError } from "@connectrpc/connect";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { errorDetails } from "../http/respond.ts";

/** An error as Connect, gRPC-Web and gRPC carry it, with the same code, message and details. */
export function connectErrorOf({ code, message, details }: Status): ConnectError {
  // It becomes a header, percent-encoded, for which half a surrogate pair has no form.
  const error = new ConnectError(message.toWellFormed(), code as Code);
  error.details = details.map(detailOf);
  return error;
}

/** A detail of a known type is readable in Connect's JSON. */
function detailOf(detail: Any): ConnectError["details"][number] {
  const type = detail.typeUrl.split("/").at(-1)!;
  const desc = errorDetails.getMessage(type);
  const value = desc && anyUnpack(detail, desc);
  return desc && value ? { desc, value: value as never } : { type, value: detail.value };
}

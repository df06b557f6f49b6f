import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { ErrorInfoSchema, RetryInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import type { EventResult } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { microsOf } from "@ocellus/runtime/time.ts";
import type { Entry } from "./entry.ts";
import type { Answer } from "./ledger.ts";

/** Makes one attempt to send events, and answers what came of each, in order. */
export type Send = (entries: Entry[]) => Promise<Answer[]>;

/** What the result for one event, or the status of a failed call, says. */
export function answerOf(answer: EventResult | Status): Answer {
  if (answer.$typeName === "google.rpc.Status") return refusal(answer);
  const { result } = answer;
  if (result.case === "refused") return refusal(result.value);
  if (result.case !== "accepted") return { kind: "none", problem: "a result that says nothing" };
  return { kind: "accepted", id: result.value.id, timestamp: microsOf(result.value.timestamp!) };
}

function refusal({ code, message, details }: Status): Answer {
  return {
    kind: "refused",
    code,
    message,
    reason: details.map((detail) => anyUnpack(detail, ErrorInfoSchema)?.reason).find(Boolean),
    hasRetryDelay: details.some((detail) => anyUnpack(detail, RetryInfoSchema)?.retryDelay !== undefined),
  };
}

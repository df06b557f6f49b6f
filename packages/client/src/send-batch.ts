import { type Client, Code } from "@connectrpc/connect";
import { ErrorReason, ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { EventReceipt, EventResult, IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { decodeEvent } from "./encode-event.ts";
import type { PendingEvent } from "./ledger.ts";
import { type Problem, problemOf, problemOfStatus } from "./problem.ts";

/** What sends batches. */
export type BatchSender = Pick<Client<typeof IngestService>, "batchTrackEvents">;

/** What one try said of one event. */
export type Verdict =
  | { kind: "accepted"; receipt: EventReceipt }
  | { kind: "refused"; problem: Problem }
  | { kind: "retry"; problem: Problem; mayBeStored: boolean };

/** What one try said of a batch: a verdict for each event, or that the batch as a whole is not taken as it is. */
export type Answer = { verdicts: Verdict[] } | { refusedWhole: Problem };

/** These say that the request may not be, whenever it is sent; all others are about the moment, the way or the credentials. */
const FINAL = new Set<Code>([
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.Unimplemented,
]);

/** The only answers which say for sure that an event is not in the queue, and may be later. */
const NOTHING_TAKEN = [ErrorReason.QUEUE_FULL, ErrorReason.OVERLOADED, ErrorReason.RATE_LIMITED].map(
  (reason) => ErrorReasonSchema.value[reason]?.localName,
);

/** Sends the events once. Never throws. */
export async function sendBatch(
  sender: BatchSender,
  events: PendingEvent[],
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<Answer> {
  try {
    const request = { events: events.map(({ bytes }) => decodeEvent(bytes)) };
    const { results } = await sender.batchTrackEvents(request, options);
    return { verdicts: events.map((_, index) => verdictOf(results[index], index)) };
  } catch (error) {
    const problem = problemOf(error);
    if (FINAL.has(problem.code)) return { refusedWhole: problem };
    return { verdicts: events.map(() => retry(problem)) };
  }
}

function verdictOf(answer: EventResult | undefined, index: number): Verdict {
  const result = answer?.result;
  if (result?.case === "accepted") return { kind: "accepted", receipt: result.value };
  if (result?.case !== "refused") {
    return retry({ code: Code.Internal, message: "The answer has no result for this event", violations: [] });
  }
  const problem = withoutIndex(problemOfStatus(result.value), index);
  return FINAL.has(problem.code) ? { kind: "refused", problem } : retry(problem);
}

function retry(problem: Problem): Verdict {
  return { kind: "retry", problem, mayBeStored: !NOTHING_TAKEN.some((reason) => reason === problem.reason) };
}

/** Which place an event had in its batch means nothing to who tracked it. */
function withoutIndex(problem: Problem, index: number): Problem {
  const own = (text: string) => text.replaceAll(`events[${index}].`, "");
  const violations = problem.violations.map(({ field, description }) => ({ field: own(field), description }));
  return { ...problem, message: own(problem.message), violations };
}

import { batchProblems } from "@ocellus/event-rules/batch-problems.ts";
import { BatchTrackEventsRequestSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { eventsIn } from "./door/events-in.ts";
import type { Outgoing, OutgoingMessage } from "./door/outgoing.ts";
import { type RefusedEvent, takeEvent } from "./door/take-event.ts";
import { TakenEvent } from "./door/taken-event.ts";
import { writeAccepted, writeRefused } from "./door/write-answer.ts";
import { countAccepted, countRefused } from "./metrics.ts";
import { Growing } from "./wire/growing.ts";
import { Reader } from "./wire/wire.ts";

/** Used again for each answer, which is written in one go. */
const answer = new Growing();

/**
 * Accepts the valid events of an encoded BatchTrackEventsRequest, and answers an encoded BatchTrackEventsResponse with a result
 * for each, in order.
 *
 * Throws INVALID_ARGUMENT for a batch beyond the limits, and the queue's error where it took none of the events.
 */
export async function acceptBatch(outgoing: Outgoing, request: Buffer): Promise<Buffer> {
  const { bytes, spans } = eventsIn(request, BatchTrackEventsRequestSchema);
  const problems = batchProblems(spans.length / 2, request.length);
  if (problems.length > 0) throw invalidArgument([{ field: "events", description: problems.join("; ") }]);
  const turn = outgoing.turn();
  const results: (TakenEvent | RefusedEvent)[] = [];
  const reader = new Reader(bytes);
  for (let index = 0; index < spans.length; index += 2) {
    reader.at = spans[index]!;
    results.push(takeEvent(reader, spans[index + 1]!, turn, `events[${index / 2}]`));
  }
  const sent = results.map((result) => (result instanceof TakenEvent ? outgoing.add(result) : undefined));
  const messages = new Set(sent.filter((message) => message !== undefined));
  for (const message of messages) await message.done;
  requireSome(messages);

  let accepted = 0;
  for (const [index, result] of results.entries()) {
    const error = "error" in result ? result.error : sent[index]?.error;
    if (error) {
      writeRefused(error, answer);
    } else {
      writeAccepted(result as TakenEvent, turn.receiveTimeBytes, answer);
      accepted++;
    }
  }
  countAccepted(accepted);
  countRefused(results.length - accepted);
  return answer.take();
}

/** Throws where no message arrived. */
function requireSome(messages: Set<OutgoingMessage>): void {
  const errors = [...messages].map(({ error }) => error);
  const [first] = errors;
  if (first && errors.every((error) => error !== undefined)) throw first;
}

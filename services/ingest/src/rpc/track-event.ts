import { TrackEventRequestSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { RawUnary } from "@ocellus/runtime/raw-handler.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { Growing } from "@ocellus/wire/growing.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import type { Door } from "../accept-batch.ts";
import { deniedEvent } from "../door/denied-event.ts";
import { eventsIn } from "../door/events-in.ts";
import { takeEvent } from "../door/take-event.ts";
import { TakenEvent } from "../door/taken-event.ts";
import { withIdentity } from "../door/with-identity.ts";
import { writeTracked } from "../door/write-answer.ts";
import { countAccepted, countRefused } from "../metrics.ts";

/** Used again for each answer, which is written in one go. */
const answer = new Growing();

/** Accepts one event: it is durable in the queue when this answers. Throws INVALID_ARGUMENT naming each offending field, PERMISSION_DENIED for a namespace. */
export function trackEvent({ outgoing, errors }: Door): RawUnary {
  return new RawUnary(async (request, { caller, namespaces }) => {
    const { bytes, spans } = eventsIn(request, TrackEventRequestSchema, 1);
    const [start, end] = spans;
    if (start === undefined) {
      const error = invalidArgument([{ field: "event", description: "is required" }]);
      await errors.keep(caller(), [{ error, payload: Buffer.from("{}") }]);
      throw error;
    }
    const denied = deniedEvent(namespaces, bytes.subarray(start, end));
    if (denied) {
      countRefused(denied.error.reason, 1);
      throw denied.error;
    }
    const turn = outgoing.turn();
    const taken = takeEvent(new Reader(bytes, start), end!, turn, "event");
    if (!(taken instanceof TakenEvent)) {
      countRefused(taken.error.reason, 1);
      await errors.keep(caller(), [taken]);
      throw taken.error;
    }
    const message = outgoing.add(taken);
    await message.done;
    if (message.error) {
      countRefused(message.error.reason, 1);
      throw withIdentity(message.error, taken);
    }
    countAccepted(1);
    writeTracked(taken, turn.receiveTimeBytes, answer);
    return answer.take();
  });
}

import { toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { AcceptedEventsSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { Code, ServiceError, unavailable } from "@ocellus/runtime/service-error.ts";
import { EVENTS } from "@ocellus/runtime/streams.ts";
import { type Micros, timestampOf } from "@ocellus/runtime/time.ts";
import { NatsError } from "nats";
import type { IdentifiedEvent } from "./identify-event.ts";

/** JetStream's error code for a stream at its byte limit that discards what is new. */
const STREAM_FULL = 10077;
/** JetStream's error code for a server that is out of storage. */
const NO_STORAGE = 10047;

/** Left free in a message for the protocol around its payload. */
const HEADROOM_BYTES = 4096;

/** What became of each of the events: undefined where it is durable in EVENTS, the error where it is not. */
export type Published = (ServiceError | undefined)[];

/** Hands events to the stream EVENTS. */
export class EventPublisher {
  readonly #queue: Queue;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  /**
   * Publishes the events of one request, in as few messages as NATS' max_payload allows, and resolves once each message is
   * acknowledged or failed. Never takes longer than 2 s.
   */
  async publish(events: IdentifiedEvent[], receiveTime: Micros): Promise<Published> {
    const messages = this.#packed(events, receiveTime);
    const outcomes = await Promise.all(
      messages.map(async ({ payload, count }) => {
        const error = await this.#send(payload);
        return Array.from({ length: count }, () => error);
      }),
    );
    return outcomes.flat();
  }

  /** Resolves with what went wrong, if anything did. */
  async #send(payload: Uint8Array): Promise<ServiceError | undefined> {
    // Without a connection the client would keep the message and send it later, when the caller has given up on it.
    if (!this.#queue.connected()) return nothingAccepted();
    try {
      await this.#queue.jetstream.publish(EVENTS.subject, payload);
      return undefined;
    } catch (error) {
      return publishError(error);
    }
  }

  #packed(events: IdentifiedEvent[], receiveTime: Micros): { payload: Uint8Array; count: number }[] {
    const limit = (this.#queue.connection.info?.max_payload ?? 1024 * 1024) - HEADROOM_BYTES;
    const packs: Uint8Array[][] = [];
    let size = limit;
    for (const event of events) {
      const bytes = toBinary(EventSchema, event);
      if (size + bytes.length > limit) {
        packs.push([]);
        size = 0;
      }
      packs.at(-1)?.push(bytes);
      size += bytes.length + FIELD_OVERHEAD_BYTES;
    }
    return packs.map((pack) => ({ payload: acceptedEvents(pack, receiveTime), count: pack.length }));
  }
}

/** The tag and the length before an event of less than 2 MiB. */
const FIELD_OVERHEAD_BYTES = 5;

/** An encoded AcceptedEvents, around events that are encoded already. */
function acceptedEvents(events: Uint8Array[], receiveTime: Micros): Uint8Array {
  const writer = new BinaryWriter();
  const { events: eventsField, receiveTime: timeField } = AcceptedEventsSchema.field;
  for (const event of events) writer.tag(eventsField.number, WireType.LengthDelimited).bytes(event);
  writer.tag(timeField.number, WireType.LengthDelimited).bytes(toBinary(TimestampSchema, timestampOf(receiveTime)));
  return writer.finish();
}

function nothingAccepted(): ServiceError {
  return unavailable("NATS cannot be reached, and nothing was accepted; try again", ErrorReason.QUEUE_UNAVAILABLE);
}

function publishError(error: unknown): ServiceError {
  const code = error instanceof NatsError ? error.api_error?.err_code : undefined;
  if (code === STREAM_FULL || code === NO_STORAGE) {
    return new ServiceError("The queue of events to be stored is full, and nothing was accepted; try again later", {
      code: Code.RESOURCE_EXHAUSTED,
      reason: ErrorReason.QUEUE_FULL,
      retryAfterMs: 1000,
      cause: error,
    });
  }
  return unavailable(
    "NATS did not confirm in time, so it is not known whether this was accepted; send it again with the same id and timestamp",
    ErrorReason.QUEUE_UNAVAILABLE,
    error,
  );
}

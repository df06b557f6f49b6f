import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import {
  ErrorStage,
  type EventError,
  EventErrorSchema,
} from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { RefusedEventsSchema } from "@ocellus/proto/ocellus/ingest/v1/refused_events_pb.ts";
import type { Caller } from "@ocellus/runtime/caller.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { type ServiceError, unavailable } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { EVENT_ERRORS } from "@ocellus/runtime/streams.ts";
import { KEPT_BY_CALLER, TOLD_REFUSALS, toldByGateway } from "@ocellus/runtime/told-by-gateway.ts";
import { within } from "@ocellus/runtime/within.ts";
import type { Logger } from "pino";
import { countErrorsLost } from "../metrics.ts";
import { refusedEvent, sourceOf } from "./refused-event.ts";

/** How long a refusal may wait for NATS before it is told without having been kept. */
const PATIENCE_MS = 1500;

/** Left free in a message for the protocol around its payload. */
const HEADROOM_BYTES = 4096;
/** The tag and the length before an error. */
const FIELD_OVERHEAD_BYTES = 5;

/** What the door refused: one event, or a request as a whole. */
export interface RefusedAtDoor {
  error: ServiceError;
  event?: Event;
  /** What was sent, where no single event stands for it. */
  payload?: Uint8Array;
  /** How many bytes that was. */
  payloadSize?: number;
}

/** Hands what was refused to the stream EVENT_ERRORS, from which it is kept in PostgreSQL. */
export class ErrorPublisher {
  readonly #queue: Queue;
  readonly #log: Logger;

  constructor(queue: Queue, log: Logger) {
    this.#queue = queue;
    this.#log = log;
  }

  /**
   * Keeps what the door refused to a caller, unless that keeps it itself. Never fails and never takes longer than 1.5 s: the caller
   * is told of its refusal all the same, and what could not be kept is logged and counted.
   */
  async keep(caller: Caller, refusals: RefusedAtDoor[]): Promise<void> {
    if (refusals.length === 0 || toldByGateway(caller, TOLD_REFUSALS) === KEPT_BY_CALLER) return;
    const source = sourceOf(caller);
    const errors = refusals.map(({ error, ...sent }) =>
      refusedEvent({ ...sent, stage: ErrorStage.DOOR, status: toStatus(error), source }),
    );
    try {
      await this.publish(errors);
    } catch (error) {
      countErrorsLost(errors.length);
      this.#log.warn({ err: error, count: errors.length }, "refused events could not be kept");
    }
  }

  /** Resolves once the errors are durable. Throws UNAVAILABLE, after 1.5 s at most, where that is not known for all of them. */
  async publish(errors: EventError[]): Promise<void> {
    // Without a connection the client would keep the message and send it later, when it was counted as lost.
    if (!this.#queue.connected()) throw notKept();
    const messages = this.#packed(errors);
    const sent = messages.map((message) => this.#queue.jetstream.publish(EVENT_ERRORS.subject, message));
    await within(PATIENCE_MS, Promise.all(sent)).catch((cause) => {
      throw notKept(cause);
    });
  }

  /** As few messages as NATS' max_payload allows. */
  #packed(errors: EventError[]): Uint8Array[] {
    const limit = (this.#queue.connection.info?.max_payload ?? 1024 * 1024) - HEADROOM_BYTES;
    const packs: BinaryWriter[] = [];
    let size = limit;
    for (const error of errors) {
      const bytes = toBinary(EventErrorSchema, create(EventErrorSchema, error));
      if (size + bytes.length > limit) {
        packs.push(new BinaryWriter());
        size = 0;
      }
      packs.at(-1)!.tag(RefusedEventsSchema.field.eventErrors.number, WireType.LengthDelimited).bytes(bytes);
      size += bytes.length + FIELD_OVERHEAD_BYTES;
    }
    return packs.map((pack) => pack.finish());
  }
}

function notKept(cause?: unknown): ServiceError {
  return unavailable("NATS did not confirm that refused events are kept", ErrorReason.QUEUE_UNAVAILABLE, cause);
}

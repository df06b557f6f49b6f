import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { AckedPublisher } from "@ocellus/runtime/acked-publisher.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { sendingFacts, traceHeaders } from "@ocellus/runtime/message-traces.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import type { ServiceError } from "@ocellus/runtime/service-error.ts";
import { EVENTS } from "@ocellus/runtime/streams.ts";
import { type Micros, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import { traceTogether } from "@ocellus/runtime/trace-together.ts";
import { currentSpan, type Span } from "@ocellus/runtime/tracing.ts";
import * as tags from "@ocellus/wire/event-tags.ts";
import { Growing } from "@ocellus/wire/growing.ts";
import type { KeptFrom } from "../retention/kept-from.ts";
import type { StreamRoom } from "../stream-room.ts";
import { noRoom, nothingAccepted, publishError, tooMuchInFlight } from "./publish-error.ts";
import type { TakenEvent } from "./taken-event.ts";

/** Left free in a message for the protocol around its payload. */
const HEADROOM_BYTES = 4096;
/** The tag and the length before an event, and the time of receipt. */
const OVERHEAD_BYTES = 32;
/** How many bytes may wait for a PubAck: beyond, more is refused before any work is done for it. */
export const MAX_IN_FLIGHT_BYTES = 64 * 1024 * 1024;

/**
 * With so many messages unconfirmed, the next one gathers what comes until one of them is confirmed, or for so long: under load
 * fewer and larger messages go the whole way, and without load nobody waits.
 */
const MAX_UNCONFIRMED = 2;
const GATHER_MS = 5;
/**
 * While no message is unconfirmed, one leaves as soon as it has so many requests. Otherwise the callers of a burst would be answered
 * together, and send the next burst together, so that they and the suite would wait for each other in turn.
 */
export const FIRST_REQUESTS = 16;

/** A message on its way to the stream EVENTS. */
export class OutgoingMessage {
  readonly #done = Promise.withResolvers<void>();
  /** The spans of the requests whose events are in it. */
  readonly spans = new Set<Span>();
  /** What went wrong, once `done` has resolved; undefined where the message is durable. */
  error: ServiceError | undefined;

  get done(): Promise<void> {
    return this.#done.promise;
  }

  settle(error?: ServiceError): void {
    this.error = error;
    this.#done.resolve();
  }
}

/** Requests that come together: they share their time of receipt and, as far as they fit, one message. */
export interface Turn {
  receiveTime: Micros;
  /** It as an encoded Timestamp. */
  receiveTimeBytes: Buffer;
  /** Since when their events must be. */
  keptFrom: Micros;
}

/**
 * Hands events to the stream EVENTS: group commit. The events of all requests of one turn of the event loop, or of the time until
 * the queue has confirmed what was sent before, travel in as few messages as NATS' max_payload allows.
 */
export class Outgoing {
  readonly #queue: Queue;
  readonly #publisher: AckedPublisher;
  readonly #room: StreamRoom;
  readonly #kept: KeptFrom;
  readonly #payload = new Growing(1024 * 1024);
  #turn: Turn | undefined;
  #message: OutgoingMessage | undefined;
  #inFlight = 0;
  #unconfirmed = 0;
  #requests = 0;
  #gathering: NodeJS.Timeout | undefined;

  constructor(queue: Queue, publisher: AckedPublisher, room: StreamRoom, kept: KeptFrom) {
    this.#queue = queue;
    this.#publisher = publisher;
    this.#room = room;
    this.#kept = kept;
  }

  /** The turn that a request belongs to which is handled now. Throws RESOURCE_EXHAUSTED where too much is on its way. */
  turn(): Turn {
    if (this.#inFlight > MAX_IN_FLIGHT_BYTES) throw tooMuchInFlight();
    if (this.#requests === FIRST_REQUESTS && this.#unconfirmed === 0) this.#send();
    this.#requests++;
    if (!this.#turn) {
      const receiveTime = nowMicros();
      const receiveTimeBytes = encode(TimestampSchema, timestampOf(receiveTime));
      this.#turn = { receiveTime, receiveTimeBytes, keptFrom: this.#kept.at(receiveTime) };
      setImmediate(() => this.#turnEnds());
    }
    return this.#turn;
  }

  /** Takes an event along in the message of this turn. To be called before the turn ends. */
  add(event: TakenEvent): OutgoingMessage {
    const limit = (this.#queue.connection.info?.max_payload ?? 1024 * 1024) - HEADROOM_BYTES;
    const length = event.length;
    if (this.#payload.length > 0 && this.#payload.length + length + OVERHEAD_BYTES > limit) this.#send();
    this.#message ??= new OutgoingMessage();
    this.#payload.byte(tags.EVENTS);
    this.#payload.varint(length);
    event.write(this.#payload);
    const span = currentSpan();
    if (span) this.#message.spans.add(span);
    return this.#message;
  }

  #turnEnds(): void {
    if (this.#unconfirmed < MAX_UNCONFIRMED) this.#end();
    else this.#gathering = setTimeout(() => this.#end(), GATHER_MS);
  }

  #end(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    this.#send();
    this.#turn = undefined;
  }

  #send(): void {
    const message = this.#message;
    if (!message) return;
    this.#message = undefined;
    this.#requests = 0;
    const { receiveTimeBytes } = this.#turn!;
    this.#payload.byte(tags.ACCEPTED_RECEIVE_TIME);
    this.#payload.varint(receiveTimeBytes.length);
    this.#payload.copy(receiveTimeBytes, 0, receiveTimeBytes.length);
    const payload = this.#payload.take();
    // Without a connection the client would keep the message and send it later, when the caller has given up on it.
    if (!this.#queue.connected()) message.settle(nothingAccepted());
    else if (!this.#room.has()) message.settle(noRoom());
    else void this.#publish(message, payload);
  }

  /** Settles the message; never rejects. */
  async #publish(message: OutgoingMessage, payload: Buffer): Promise<void> {
    this.#room.take(payload.length);
    this.#inFlight += payload.length;
    this.#unconfirmed++;
    try {
      await traceTogether(sendingFacts(EVENTS.stream), message.spans, () =>
        this.#publisher.publish(EVENTS.subject, payload, traceHeaders()),
      );
      message.settle();
    } catch (error) {
      message.settle(publishError(error));
    }
    this.#inFlight -= payload.length;
    this.#unconfirmed--;
    if (this.#gathering) this.#end();
  }
}

import { createInbox, ErrorCode, Events, type Msg, type MsgHdrs, type NatsConnection, NatsError } from "nats";

/** How often publications without an answer are looked for. */
const TICK_MS = 100;

interface Waiting {
  subject: string;
  resolve: () => void;
  reject: (error: NatsError) => void;
  /** The tick at which it is given up. */
  until: number;
}

/**
 * Publishes to JetStream and waits for each PubAck, over one inbox for all. The client's own `publish` makes a subscription's
 * worth of objects for each message, which costs ten times as much.
 */
export class AckedPublisher {
  readonly #connection: NatsConnection;
  readonly #timeoutTicks: number;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  #next = 0;
  #tick = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param inboxPrefix where the connection may read answers; by default anywhere */
  constructor(connection: NatsConnection, timeoutMs: number, inboxPrefix?: string) {
    this.#connection = connection;
    this.#inbox = createInbox(inboxPrefix);
    this.#timeoutTicks = Math.ceil(timeoutMs / TICK_MS) + 1;
    connection.subscribe(`${this.#inbox}.*`, { callback: (_, message) => this.#answered(message) });
    void this.#heedRefusals();
  }

  /**
   * Resolves when the message is durable in its stream. Throws a NatsError: with the `api_error` of JetStream where it
   * refused, PERMISSIONS_VIOLATION where we may not publish there, TIMEOUT where nothing came in time, so that it is not known what
   * became of the message.
   */
  publish(subject: string, payload: Uint8Array, headers?: MsgHdrs): Promise<void> {
    return new Promise((resolve, reject) => {
      const token = (this.#next++).toString(36);
      this.#waiting.set(token, { subject, resolve, reject, until: this.#tick + this.#timeoutTicks });
      this.#timer ??= setInterval(() => this.#expire(), TICK_MS);
      try {
        this.#connection.publish(subject, payload, { reply: `${this.#inbox}.${token}`, ...(headers && { headers }) });
      } catch (error) {
        this.#take(token)?.reject(error as NatsError);
      }
    });
  }

  #answered(message: Msg): void {
    const waiting = this.#take(message.subject.slice(this.#inbox.length + 1));
    if (!waiting) return;
    const failure = failureIn(message);
    if (failure) waiting.reject(failure);
    else waiting.resolve();
  }

  /** NATS says which subject it refuses, and not which message. */
  async #heedRefusals(): Promise<void> {
    for await (const { type, permissionContext } of this.#connection.status()) {
      if (type !== Events.Error || permissionContext?.operation !== "publish") continue;
      const { subject } = permissionContext;
      for (const [token, waiting] of this.#waiting) {
        if (waiting.subject !== subject) continue;
        this.#take(token)?.reject(new NatsError(`publishing to ${subject} is denied`, ErrorCode.PermissionsViolation));
      }
    }
  }

  #take(token: string): Waiting | undefined {
    const waiting = this.#waiting.get(token);
    this.#waiting.delete(token);
    if (this.#waiting.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    return waiting;
  }

  /** The map keeps the order of publication, and all wait equally long. */
  #expire(): void {
    this.#tick++;
    for (const [token, { until }] of this.#waiting) {
      if (until > this.#tick) return;
      this.#take(token)?.reject(new NatsError("no acknowledgement in time", ErrorCode.Timeout));
    }
  }
}

/** What a PubAck refuses with; undefined where it confirms. */
function failureIn(message: Msg): NatsError | undefined {
  // Nobody listens on the subject: JetStream or the stream is not there.
  if (message.data.length === 0) return new NatsError("no stream takes this subject", ErrorCode.NoResponders);
  const { error } = message.json<{ error?: NonNullable<NatsError["api_error"]> }>();
  if (!error) return undefined;
  const failure = new NatsError(error.description, String(error.code));
  failure.api_error = error;
  return failure;
}

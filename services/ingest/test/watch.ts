import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { EventService, WatchEventsRequestSchema } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";

/** A call of WatchEvents, and what has come of it. */
export class Watch {
  readonly events: Event[] = [];
  /** The first is where the watch began, and each further one came with the event before it. */
  readonly tokens: string[] = [];
  /** Rejects with the call's error, and resolves when it was stopped. */
  readonly end: Promise<void>;
  readonly #abort = new AbortController();
  #arrival = Promise.withResolvers<void>();

  private constructor(
    client: ServiceClient<typeof EventService>,
    request: MessageInitShape<typeof WatchEventsRequestSchema>,
  ) {
    this.end = this.#read(client.watchEvents(request, { signal: this.#abort.signal }));
    this.end.catch(() => {});
  }

  /** Begins to watch, and resolves once the watch stands. Rejects with the call's error. */
  static async start(
    client: ServiceClient<typeof EventService>,
    request: MessageInitShape<typeof WatchEventsRequestSchema>,
  ): Promise<Watch> {
    const watch = new Watch(client, request);
    await watch.#while(() => watch.tokens.length === 0);
    return watch;
  }

  /** Resolves once so many events have come, and rejects with the call's error. */
  async until(count: number): Promise<void> {
    await this.#while(() => this.events.length < count);
  }

  /** Cancels the call. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.end;
  }

  async #while(isMissing: () => boolean): Promise<void> {
    const ended = this.end.then(() => {
      throw new Error("The watch was stopped");
    });
    ended.catch(() => {});
    while (isMissing()) {
      this.#arrival = Promise.withResolvers();
      await Promise.race([ended, this.#arrival.promise]);
    }
  }

  async #read(responses: ReturnType<ServiceClient<typeof EventService>["watchEvents"]>): Promise<void> {
    try {
      for await (const { event, resumeToken } of responses) {
        if (event) {
          this.events.push(event);
          this.tokens.push(resumeToken);
        } else if (this.tokens.length === 0) this.tokens.push(resumeToken);
        this.#arrival.resolve();
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }
}

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { EventService, WatchEventsRequestSchema } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { eventually } from "../../../test/support/eventually.ts";

/** A call of WatchEvents, and what has come of it. */
export class Watch {
  readonly events: Event[] = [];
  /** The first is where the watch began, and each further one came with the event before it. */
  readonly tokens: string[] = [];
  /** Rejects with the call's error, and resolves when it was stopped. */
  readonly end: Promise<void>;
  readonly #abort = new AbortController();

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
    await Promise.race([watch.end, eventually(async () => (watch.tokens.length > 0 ? true : undefined))]);
    return watch;
  }

  /** Resolves once so many events have come, and rejects with the call's error. */
  async until(count: number): Promise<void> {
    await Promise.race([this.end, eventually(async () => (this.events.length >= count ? true : undefined))]);
  }

  /** Cancels the call. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.end;
  }

  async #read(responses: ReturnType<ServiceClient<typeof EventService>["watchEvents"]>): Promise<void> {
    try {
      for await (const { event, resumeToken } of responses) {
        if (event) {
          this.events.push(event);
          this.tokens.push(resumeToken);
        } else if (this.tokens.length === 0) this.tokens.push(resumeToken);
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { clientOf, openChannel } from "@ocellus/runtime/grpc-client.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { diceOf } from "../../../../test/support/dice.ts";
import type { Target } from "../target/target.ts";
import type { Send } from "./answers.ts";
import { type ChangeOptions, changeSome } from "./change-events.ts";
import { CALL_WITHIN_MS, deliver, withinDeadline } from "./deliver.ts";
import type { Entry } from "./entry.ts";
import { Ledger } from "./ledger.ts";
import { EventMaker } from "./make-events.ts";
import { sendBatch, sendSingly, sendStream } from "./send-grpc.ts";
import { attempt, type Gateway, postBatch, postSingly } from "./send-rest.ts";

const DUPLICATES = 0.1;

const READS = [
  "/v1/events?pageSize=20",
  "/v1/sessions?namespace=shop&pageSize=20",
  "/v1/aggregates/shop/pageview?granularity=hour&aggregationType=sum",
];

/** Clients of every kind, that send, change and read until they are told to stop. */
export class Load {
  readonly ledger = new Ledger();
  readonly maker: EventMaker;
  /** Each way to send events. */
  readonly ways: Record<"unary" | "batch" | "stream" | "REST" | "REST batch", Send>;
  readonly #dice: () => number;
  readonly #gateway: Gateway;
  readonly #events: ChangeOptions["events"];
  readonly #close: () => void;
  readonly #stop = new AbortController();
  readonly #giveUp = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(gateway: Target, seed: number) {
    const { ports, certificates } = gateway;
    this.#dice = diceOf(seed);
    this.maker = new EventMaker(this.ledger, this.#dice);
    this.#gateway = gateway;
    const channel = openChannel(`127.0.0.1:${ports.ingest}`, tlsFilesIn(certificates, "developer"));
    const ingest = clientOf(IngestService, channel);
    this.#events = clientOf(EventService, channel);
    this.#close = channel.close;
    this.ways = {
      unary: sendSingly(ingest, CALL_WITHIN_MS),
      batch: sendBatch(ingest, CALL_WITHIN_MS),
      stream: sendStream(ingest, CALL_WITHIN_MS),
      REST: postSingly(gateway, CALL_WITHIN_MS),
      "REST batch": postBatch(gateway, CALL_WITHIN_MS),
    };
  }

  start(): void {
    const { unary, batch, stream, REST, "REST batch": restBatch } = this.ways;
    this.#running = Promise.all([
      this.#sender(unary, 1, 30),
      this.#sender(unary, 3, 60),
      this.#sender(batch, 40, 300),
      this.#sender(stream, 48, 400),
      this.#sender(REST, 1, 40),
      this.#sender(restBatch, 30, 300),
      this.#changer(60),
      this.#reader(100),
    ]);
  }

  /** Sends events beside the usual ones until each is answered. */
  deliver(entries: Entry[], send: Send): Promise<void> {
    return deliver(entries, send, this.ledger, this.#giveUp.signal);
  }

  /** Makes nothing new, and waits until what is under way is answered. After `withinMs` what is not is given up. */
  async stop(withinMs: number): Promise<void> {
    this.#stop.abort();
    const timer = setTimeout(() => this.#giveUp.abort(), withinMs);
    await this.#running.finally(() => clearTimeout(timer));
    this.#close();
  }

  /** Sends up to `most` events at a time; one in ten twice, at once or with those of the next time. */
  async #sender(send: Send, most: number, pauseMs: number): Promise<void> {
    let again: Entry[] = [];
    while (!this.#stop.signal.aborted || again.length > 0) {
      const fresh = this.#stop.signal.aborted ? [] : this.maker.batch(1 + Math.floor(this.#dice() * most));
      const twice = fresh.filter(({ repeatable }) => repeatable && this.#dice() < DUPLICATES);
      const [now, later] = this.#dice() < 0.5 ? [twice, []] : [[], twice];
      // Counted as under way from now on, so that nobody changes an event of which a second copy is to come.
      for (const entry of later) entry.sending++;
      await this.deliver([...fresh, ...now, ...again], send);
      for (const entry of again) entry.sending--;
      this.ledger.tallies.duplicates += twice.length;
      again = later;
      await sleep(this.#dice() * pauseMs * 2);
    }
  }

  async #changer(pauseMs: number): Promise<void> {
    const [gateway, events, dice, giveUp] = [this.#gateway, this.#events, this.#dice, this.#giveUp.signal];
    const options = { ledger: this.ledger, maker: this.maker, gateway, events, dice, giveUp };
    while (!this.#stop.signal.aborted) {
      await changeSome(options);
      await sleep(this.#dice() * pauseMs * 2);
    }
  }

  /** Reads: nothing may hang, whatever is broken. */
  async #reader(pauseMs: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const path = this.maker.pick(READS);
      const read = () => attempt(this.#gateway, path, "GET", undefined, CALL_WITHIN_MS);
      const answer = await withinDeadline(read, this.ledger);
      this.ledger.tallies.reads++;
      if ("kind" in answer && answer.kind === "none") this.ledger.count(answer.problem);
      if ("kind" in answer && answer.kind === "refused") this.ledger.count(answer.reason ?? `code ${answer.code}`);
      await sleep(this.#dice() * pauseMs * 2);
    }
  }
}

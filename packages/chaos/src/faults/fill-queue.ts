import { eventually } from "../../../../test/support/eventually.ts";
import { EVENTS_MAX_BYTES } from "../target/target.ts";
import type { Fault } from "./fault.ts";
import { frozen } from "./freeze.ts";

/** As large as the data of an event may be, nearly. */
const TEXT = "x".repeat(32_000);
const AT_ONCE = 20;
/** More than the stream takes, by a quarter: the rest is what clients are refused, and send until it is accepted. */
const EVENTS = Math.ceil((1.25 * EVENTS_MAX_BYTES) / TEXT.length);
const FULL_WITHIN_MS = 60_000;

/**
 * The writer is held up (PostgreSQL is frozen) until the stream of events is at its byte limit. Clients over gRPC and over HTTP
 * must be told so; they go on trying, and all they sent is accepted when the writer is back.
 */
export const fillQueue: Fault = {
  name: "the stream at its byte limit",
  breaks: ["postgres", "nats", "ingest", "gateway"],
  async happen({ target, load }) {
    const { ledger, maker, ways } = load;
    const deliveries: Promise<void>[] = [];
    await frozen(target.postgres.pid(), async () => {
      const before = ledger.tallies.queueFull;
      for (let sent = 0; sent < EVENTS; sent += AT_ONCE) {
        const events = Array.from({ length: AT_ONCE }, () => maker.large(TEXT));
        deliveries.push(load.deliver(events, sent % (2 * AT_ONCE) === 0 ? ways.batch : ways.REST));
      }
      await eventually(async () => ledger.tallies.queueFull > before || undefined, FULL_WITHIN_MS);
    });
    await Promise.all(deliveries);
  },
};

import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./fault.ts";
import { frozen } from "./freeze.ts";

/** As large as the data of an event may be, nearly. */
const TEXT = "x".repeat(32_000);
const AT_ONCE = 20;
const WITHIN_MS = 30_000;

/**
 * The writer is held up (PostgreSQL is frozen) until the stream of events is at its byte limit, and for `heldMs` more. Clients
 * over gRPC and over HTTP must be told so; they go on trying, and all they sent is accepted when the writer is back.
 */
export function fillQueue(heldMs: number): Fault {
  return {
    name: "the stream at its byte limit",
    breaks: ["postgres", "nats", "ingest", "gateway"],
    async happen({ target, load }) {
      const { ledger, maker, ways } = load;
      const deliveries: Promise<void>[] = [];
      await frozen(target.postgres.pid(), async () => {
        const before = ledger.tallies.queueFull;
        const deadline = performance.now() + WITHIN_MS;
        while (ledger.tallies.queueFull === before) {
          if (performance.now() > deadline) throw new Error("The stream of events takes more than its byte limit");
          const batch = () => Array.from({ length: AT_ONCE }, () => maker.large(TEXT));
          deliveries.push(load.deliver(batch(), ways.batch), load.deliver(batch(), ways.REST));
          await sleep(100);
        }
        await sleep(heldMs);
      });
      await Promise.all(deliveries);
    },
  };
}

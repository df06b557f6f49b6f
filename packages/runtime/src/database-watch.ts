import { setTimeout as sleep } from "node:timers/promises";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Client } from "pg";
import type { Logger } from "pino";
import { connectionTo, type DatabaseAddress } from "./database-address.ts";
import type { Dependency } from "./grpc-service.ts";
import { unavailable } from "./service-error.ts";

const PING_EVERY_MS = 500;
/**
 * A ping may take a second. It is waited for by short looks, so that PostgreSQL has the rest of them where it stood still together with
 * this process.
 */
const LOOK_MS = 100;
const LOOKS = 10;

/**
 * Knows within 1.5 s that PostgreSQL does not answer, even where it neither refuses nor closes a connection, so that
 * no call hangs on it. A time limit on each statement could not tell a frozen server from a long query.
 */
export class DatabaseWatch implements Dependency {
  reachable = true;
  readonly #lost = new Set<(error: Error) => void>();

  async whileReachable<T>(work: () => Promise<T>): Promise<T> {
    if (!this.reachable) throw lost();
    let forget = () => {};
    const loss = new Promise<never>((_, reject) => {
      this.#lost.add(reject);
      forget = () => this.#lost.delete(reject);
    });
    try {
      return await Promise.race([work(), loss]);
    } finally {
      forget();
    }
  }

  /** Pings until the signal aborts, over a connection of its own: the pool may be busy with long queries. */
  async run(address: DatabaseAddress, signal: AbortSignal, log: Logger): Promise<void> {
    let client: Client | undefined;
    while (!signal.aborted) {
      try {
        client ??= await connect(address);
        await answered(client.query("select 1"));
        if (!this.reachable) log.info("PostgreSQL answers again");
        this.reachable = true;
      } catch (error) {
        if (this.reachable) log.warn({ err: error }, "PostgreSQL does not answer");
        this.reachable = false;
        for (const reject of this.#lost) reject(lost());
        drop(client);
        client = undefined;
      }
      await sleep(PING_EVERY_MS, undefined, { signal }).catch(() => {});
    }
    drop(client);
  }
}

const lost = () => unavailable("PostgreSQL does not answer; try again in a moment", ErrorReason.DATABASE_UNAVAILABLE);

async function connect(address: DatabaseAddress): Promise<Client> {
  const client = new Client({ ...connectionTo(address), application_name: "ocellus-watch" });
  // The failing query tells of it; without a listener a dropped connection would end the process.
  client.on("error", () => {});
  try {
    await answered(client.connect());
    return client;
  } catch (error) {
    drop(client);
    throw error;
  }
}

function drop(client: Client | undefined): void {
  client?.end().catch(() => {});
}

/** Rejects where the promise takes longer than a ping may. */
async function answered<T>(promise: Promise<T>): Promise<T> {
  const done = new AbortController();
  const tooLate = async (): Promise<never> => {
    for (let looks = LOOKS; looks > 0; looks--) await sleep(LOOK_MS, undefined, { signal: done.signal });
    // After a busy spell of this process the answer may lie unread in the socket: one turn of the loop reads it.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error(`no answer within ${LOOKS * LOOK_MS} ms`);
  };
  const timeout = tooLate();
  timeout.catch(() => {});
  promise.catch(() => {});
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    done.abort();
  }
}

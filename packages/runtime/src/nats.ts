import { Events, type JetStreamClient, type JetStreamManager, type NatsConnection, type Status } from "nats";
import type { Logger } from "pino";
import { connectNats } from "./connect-nats.ts";
import { type NatsAddress, natsOptions } from "./nats-options.ts";
import { retryUntil } from "./retry.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** What NATS refuses is told so often at most: it may be refused with each message. */
const TELL_EVERY_MS = 1000;

/** A connection to NATS that comes back by itself. */
export interface Queue {
  connection: NatsConnection;
  jetstream: JetStreamClient;
  manager: JetStreamManager;
  /** Whether the connection stands now. */
  connected(): boolean;
  /** When it was lost last, by `performance.now()`; undefined where it never was. */
  lostAt(): number | undefined;
  close(): Promise<void>;
}

/** Connects to NATS and waits for it, and for its JetStream, for as long as it takes. */
export async function connectQueue(
  address: NatsAddress,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<Queue> {
  const waiting = {
    report: (error: Error) => log.warn(`waiting for NATS at ${withoutSecrets(address.url)}: ${error.message}`),
  };
  const connection = await retryUntil(
    signal,
    () =>
      connectNats({
        ...natsOptions(address),
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 50,
        reconnectJitterTLS: 50,
        // A certificate that has expired is replaced, and a server that does not know us yet is told of us.
        ignoreAuthErrorAbort: true,
        timeout: 2000,
        pingInterval: 5000,
        maxPingOut: 2,
      }),
    waiting,
  );
  let connected = true;
  let lostAt: number | undefined;
  const tellRefusal = refusalTeller(log);
  const watch = async () => {
    for await (const status of connection.status()) {
      if (status.type === Events.Disconnect) {
        connected = false;
        lostAt = performance.now();
        log.warn("the connection to NATS is lost");
      } else if (status.type === Events.Reconnect) {
        connected = true;
        log.info("NATS is back");
      } else if (status.type === Events.Error) tellRefusal(status);
    }
  };
  watch().catch((error) => log.error({ err: error }, "the status of the connection to NATS is no longer known"));
  try {
    const manager = await retryUntil(signal, () => connection.jetstreamManager(), waiting);
    return {
      connection,
      manager,
      jetstream: connection.jetstream({ timeout: 1500 }),
      connected: () => connected && !connection.isClosed(),
      lostAt: () => lostAt,
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Tells what NATS says is wrong, such as a subject that the user may not use: a mistake in the permissions, or here. */
function refusalTeller(log: Logger): (status: Status) => void {
  let next = 0;
  return ({ data, permissionContext }) => {
    const now = performance.now();
    if (now < next) return;
    next = now + TELL_EVERY_MS;
    log.error({ ...permissionContext }, `NATS refuses: ${data}`);
  };
}

import { connect, Events, type JetStreamClient, type JetStreamManager, type NatsConnection } from "nats";
import type { Logger } from "pino";
import { retryUntil } from "./retry.ts";

/** A connection to NATS that comes back by itself. */
export interface Queue {
  connection: NatsConnection;
  jetstream: JetStreamClient;
  manager: JetStreamManager;
  /** Whether the connection stands now. */
  connected(): boolean;
  close(): Promise<void>;
}

/** Connects to NATS and waits for it, and for its JetStream, for as long as it takes. */
export async function connectQueue(
  url: string,
  name: string,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<Queue> {
  const waiting = { report: (error: Error) => log.warn(`waiting for NATS at ${url}: ${error.message}`) };
  const connection = await retryUntil(
    signal,
    () =>
      connect({
        servers: url,
        name: `ocellus-${name}`,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 50,
        timeout: 2000,
        pingInterval: 5000,
        maxPingOut: 2,
      }),
    waiting,
  );
  let connected = true;
  const watch = async () => {
    for await (const { type } of connection.status()) {
      if (type === Events.Disconnect) {
        connected = false;
        log.warn("the connection to NATS is lost");
      } else if (type === Events.Reconnect) {
        connected = true;
        log.info("NATS is back");
      }
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
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

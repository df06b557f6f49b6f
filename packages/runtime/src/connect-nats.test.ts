import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Nats, startNats } from "@ocellus/suite/nats-server.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { DebugEvents, Events, type NatsConnection } from "nats";
import { type CuttableLink, startLink } from "../../../test/support/cuttable-link.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { natsUser, sharedNats } from "../../../test/support/shared-nats.ts";
import { signalAll } from "../../../test/support/signal-all.ts";
import { connectNats } from "./connect-nats.ts";
import { natsOptions } from "./nats-options.ts";

/** More than one attempt to connect again is given up while NATS takes connections and says nothing. */
const ATTEMPTS = 4;

const folder = temporaryFolder();
let nats: Nats;
let link: CuttableLink;
let connection: NatsConnection;
const seen: string[] = [];
const count = (type: string) => seen.filter((one) => one === type).length;

beforeAll(async () => {
  const port = await freePort();
  nats = await startNats({ ...sharedNats(), dataDir: folder.path, port });
  link = await startLink(port);
  connection = await connectNats({
    ...natsOptions(natsUser(`tls://127.0.0.1:${link.port}`)),
    ...{ timeout: 500, waitOnFirstConnect: true, pingInterval: 1000, maxPingOut: 2 },
    ...{ maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 0, reconnectJitterTLS: 0 },
  });
  const watch = async () => {
    for await (const { type } of connection.status()) seen.push(type);
  };
  void watch();
});
afterAll(async () => {
  await connection?.close();
  await link?.[Symbol.asyncDispose]();
  await nats?.stop("SIGKILL");
  folder[Symbol.dispose]();
});

test("of all attempts to connect to a NATS that was frozen one is left when it goes on, and no other disturbs that", async () => {
  signalAll(nats.pid(), "STOP");
  try {
    await eventually(async () => count(DebugEvents.Reconnecting) >= ATTEMPTS || undefined);
  } finally {
    process.kill(nats.pid(), "SIGCONT");
  }
  await eventually(async () => count(Events.Reconnect) > 0 || undefined);
  await eventually(async () => link.clients() === 1 || undefined);
  await connection.flush();
  expect([count(Events.Disconnect), count(Events.Reconnect)]).toEqual([1, 1]);
});

import { expect, test } from "@jest/globals";
import { startNats } from "@ocellus/suite/nats-server.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import pino from "pino";
import { eventually } from "../../../test/support/eventually.ts";
import { natsUser, sharedNats } from "../../../test/support/shared-nats.ts";
import { signalAll } from "../../../test/support/signal-all.ts";
import { consumeBatches } from "./message-batches.ts";
import { connectQueue } from "./nats.ts";
import { EVENTS, ensureStreams } from "./streams.ts";

test("a consumer that begins while NATS stands still begins once it goes on", async () => {
  using folder = temporaryFolder();
  await using nats = await startNats({ ...sharedNats(), dataDir: folder.path, port: await freePort() });
  const told: string[] = [];
  const log = pino({ level: "warn" }, { write: (line) => void told.push(line) });
  const stop = new AbortController();
  const queue = await connectQueue(natsUser(nats.url), { log, signal: stop.signal });
  const bytes = 1024 * 1024;
  await ensureStreams(queue, { eventsBytes: bytes, changesBytes: bytes, errorsBytes: bytes });
  await queue.jetstream.publish(EVENTS.subject, "waiting", { timeout: 30_000 });

  signalAll(nats.pid(), "STOP");
  const handled: string[] = [];
  const source = { stream: EVENTS.stream, consumer: EVENTS.consumers[0], max: 10 };
  const consuming = consumeBatches({ queue, log, signal: stop.signal }, source, async (batch) => {
    handled.push(...batch.map((message) => message.string()));
  });
  try {
    await eventually(async () => told.find((line) => line.includes(source.consumer)));
  } finally {
    signalAll(nats.pid(), "CONT");
  }
  await eventually(async () => handled.length > 0 || undefined);
  expect(handled).toEqual(["waiting"]);
  stop.abort();
  await consuming;
  await queue.close();
});

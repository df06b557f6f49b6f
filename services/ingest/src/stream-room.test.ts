import { expect, test } from "@jest/globals";
import { connectQueue } from "@ocellus/runtime/nats.ts";
import { EVENTS, ensureStreams } from "@ocellus/runtime/streams.ts";
import { startNats } from "@ocellus/suite/nats-server.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import pino from "pino";
import { diceOf } from "../../../test/support/dice.ts";
import { natsUser, sharedNats } from "../../../test/support/shared-nats.ts";
import { StreamRoom } from "./stream-room.ts";

const LIMIT = 1024 * 1024;
const LARGEST = 4000;

test("a stream that is filled to its limit again and again keeps every message, and has room once it is emptied", async () => {
  using folder = temporaryFolder();
  await using nats = await startNats({
    ...sharedNats(),
    dataDir: folder.path,
    port: await freePort(),
  });
  const log = pino({ level: "silent" });
  const { signal } = new AbortController();
  const queue = await connectQueue(natsUser(nats.url), { log, signal });
  await ensureStreams(queue, { eventsBytes: LIMIT, changesBytes: LIMIT, errorsBytes: LIMIT });
  const room = new StreamRoom(EVENTS.stream, LIMIT);
  const look = () => room.open(queue, signal, log);
  await look();
  const dice = diceOf(1);
  for (let fill = 0; fill < 5; fill++) {
    let acknowledged = 0;
    // Where there seems to be none, a look may find some.
    for (let refusals = 0; refusals < 20; ) {
      if (!room.has()) {
        refusals++;
        await look();
        continue;
      }
      const size = Math.ceil(dice() * LARGEST);
      room.take(size);
      await queue.jetstream.publish(EVENTS.subject, new Uint8Array(size), { timeout: 30_000 });
      acknowledged++;
    }
    const { state } = await queue.manager.streams.info(EVENTS.stream);
    expect(state.messages).toBe(acknowledged);
    expect(state.bytes).toBeGreaterThan(LIMIT - 2 * LARGEST);
    expect(state.bytes).toBeLessThan(LIMIT + LARGEST + 100);
    await queue.manager.streams.purge(EVENTS.stream);
    // What was published just before a look may not be in it, so that two must find nothing.
    await look();
    await look();
    expect(room.has()).toBe(true);
  }
  await queue.close();
});

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { connectDatabase } from "@ocellus/runtime/database.ts";
import { connectQueue, type Queue } from "@ocellus/runtime/nats.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import pino from "pino";
import { eventually } from "../../../test/support/eventually.ts";
import { natsUser } from "../../../test/support/shared-nats.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { schema } from "../src/orm.config.ts";
import { Outbox } from "../src/outbox.ts";
import { StreamRoom } from "../src/stream-room.ts";

const log = pino({ level: "silent" });
const stop = new AbortController();
let bed: TestBed;
let queue: Queue;
let database: Awaited<ReturnType<typeof connectDatabase>>;

/** The ingest service makes the stream and its consumers, of which nobody reads. */
beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  queue = await connectQueue(natsUser(bed.nats.url), { log, signal: stop.signal });
  database = await connectDatabase(schema, { url: bed.adminUrl, poolSize: 2 }, { log, signal: stop.signal });
});
afterAll(async () => {
  stop.abort();
  await database?.close();
  await queue?.close();
  await bed?.stop();
});

const held = async () => (await queue.manager.streams.info(EVENT_CHANGES.stream)).state.messages;

test("what NATS acknowledged just before it was lost, and forgot, is announced again", async () => {
  const begin = performance.now();
  // Lost right away, however long it takes here to stop it.
  const lostAt = () => (queue.lostAt() === undefined ? undefined : begin);
  const outbox = new Outbox({ ...queue, lostAt }, new StreamRoom(EVENT_CHANGES.stream, 1_000_000));
  const message = { id: randomUUID(), payload: Buffer.from("announced") };
  await outbox.publish(database.em, [message]);
  expect(await held()).toBe(1);
  // As a NATS does that is told to stop: nobody gets what it has acknowledged.
  await queue.manager.streams.purge(EVENT_CHANGES.stream);
  await bed.nats.stop("SIGKILL");
  await bed.restartNats();

  const sweeping = outbox.sweep(database.em, stop.signal, log);
  const found = await eventually(async () => {
    const { state } = await queue.manager.streams.info(EVENT_CHANGES.stream);
    return state.messages > 0
      ? queue.manager.streams.getMessage(EVENT_CHANGES.stream, { seq: state.last_seq })
      : undefined;
  });
  expect([found.header.get("Nats-Msg-Id"), found.string()]).toEqual([message.id, "announced"]);
  stop.abort();
  await sweeping;
});

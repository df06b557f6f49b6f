import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { connectDatabase } from "@ocellus/runtime/database.ts";
import { connectQueue, type Queue } from "@ocellus/runtime/nats.ts";
import { EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import type { JetStreamClient } from "nats";
import pino from "pino";
import { natsUser } from "../../../test/support/shared-nats.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";
import { FrontierAdvance } from "../src/advance-frontier.ts";
import { schema } from "../src/orm.config.ts";

let bed: TestBed;
let queue: Queue;
let jetstream: JetStreamClient;
let database: Awaited<ReturnType<typeof connectDatabase>>;

/** The ingest service makes the stream and its consumers; the test is the consumer. */
beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  const waiting = { log: pino({ level: "silent" }), signal: new AbortController().signal };
  queue = await connectQueue(natsUser(bed.nats.url), waiting);
  jetstream = queue.connection.jetstream({ timeout: 30_000 });
  database = await connectDatabase(schema, { url: bed.adminUrl, poolSize: 2 }, waiting);
});
afterAll(async () => {
  await database?.close();
  await queue?.close();
  await bed?.stop();
});

const FIRST = "-infinity";
const frontierNow = async () => {
  const [row] = await bed.query<{ at: string }>("select at::text from aggregation.frontier");
  return row!.at;
};
const rewind = () => bed.query("update aggregation.frontier set at = $1", [FIRST]);

async function publish(count: number) {
  for (let index = 0; index < count; index++) await jetstream.publish(EVENT_CHANGES.subject);
}

async function takeMarks(count: number) {
  const consumer = await jetstream.consumers.get(EVENT_CHANGES.stream, "mark-buckets");
  const messages = await consumer.fetch({ max_messages: count, expires: 5000 });
  const taken = [];
  for await (const message of messages) taken.push(message);
  expect(taken).toHaveLength(count);
  return taken;
}

test("the frontier stays while what was announced is not marked, and moves then, although more is announced", async () => {
  const advance = new FrontierAdvance({ em: database.em, queue });
  await publish(3);
  await advance.attempt();
  expect(await frontierNow()).toBe(FIRST);

  const [first, second, third] = await takeMarks(3);
  await publish(2);
  await first!.ackAck();
  await third!.ackAck();
  await advance.attempt();
  expect(await frontierNow()).toBe(FIRST);

  await second!.ackAck();
  await advance.attempt();
  expect(await frontierNow()).not.toBe(FIRST);

  await rewind();
  await advance.attempt();
  expect(await frontierNow()).toBe(FIRST);
  for (const message of await takeMarks(2)) await message.ackAck();
  await advance.attempt();
  expect(await frontierNow()).not.toBe(FIRST);
});

test("a frontier that begins anew waits for nothing that was marked before", async () => {
  await rewind();
  await new FrontierAdvance({ em: database.em, queue }).attempt();
  expect(await frontierNow()).not.toBe(FIRST);
});

test("the frontier stays while what is committed is not announced, and moves then, although more is committed", async () => {
  const commit = async (inHours: number) => {
    const id = randomUUID();
    // Too new for the sweep of the outbox.
    const time = "now() + make_interval(hours => $2)";
    await bed.query(`insert into ingest.outbox (id, payload, create_time) values ($1, '', ${time})`, [id, inHours]);
    return () => bed.query("delete from ingest.outbox where id = $1", [id]);
  };
  await rewind();
  const advance = new FrontierAdvance({ em: database.em, queue });
  const announce = await commit(1);
  await advance.attempt();
  const announceLater = await commit(2);
  await advance.attempt();
  expect(await frontierNow()).toBe(FIRST);
  await announce();
  await advance.attempt();
  expect(await frontierNow()).not.toBe(FIRST);
  await announceLater();
});

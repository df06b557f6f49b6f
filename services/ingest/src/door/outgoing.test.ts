import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { AckedPublisher } from "@ocellus/runtime/acked-publisher.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { connectQueue, type Queue } from "@ocellus/runtime/nats.ts";
import { Code } from "@ocellus/runtime/service-error.ts";
import { EVENTS, ensureStreams } from "@ocellus/runtime/streams.ts";
import { type Nats, startNats } from "@ocellus/suite/nats-server.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import pino from "pino";
import { natsUser, sharedNats } from "../../../../test/support/shared-nats.ts";
import { signalAll } from "../../../../test/support/signal-all.ts";
import { KeptFrom } from "../retention/kept-from.ts";
import { StreamRoom } from "../stream-room.ts";
import { FIRST_REQUESTS, MAX_IN_FLIGHT_BYTES, Outgoing, type OutgoingMessage } from "./outgoing.ts";
import { takeEvent } from "./take-event.ts";
import type { TakenEvent } from "./taken-event.ts";

const MIB = 1024 * 1024;
const limits = { eventsBytes: 200 * MIB, changesBytes: MIB, errorsBytes: MIB };
const folder = temporaryFolder();
const { signal } = new AbortController();
let nats: Nats;
let queue: Queue;
let outgoing: Outgoing;

beforeAll(async () => {
  nats = await startNats({ ...sharedNats(), dataDir: folder.path, port: await freePort() });
  const log = pino({ level: "silent" });
  queue = await connectQueue(natsUser(nats.url), { log, signal });
  await ensureStreams(queue, limits);
  const room = new StreamRoom(EVENTS.stream, limits.eventsBytes);
  await room.open(queue, signal, log);
  outgoing = new Outgoing(queue, new AckedPublisher(queue.connection, 30_000), room, new KeptFrom(undefined));
});
afterAll(async () => {
  await queue?.close();
  await nats?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** One request with one event. */
function send(text = ""): OutgoingMessage {
  const bytes = encode(EventSchema, { name: "sent", data: { text } });
  const turn = outgoing.turn();
  return outgoing.add(takeEvent(new Reader(bytes), bytes.length, turn, "event") as TakenEvent);
}

test("of a burst the first requests leave in a message of their own, and the others share one", async () => {
  const messages = Array.from({ length: 3 * FIRST_REQUESTS }, () => send());
  const [first] = messages;
  expect(messages.map((message) => message === first).lastIndexOf(true)).toBe(FIRST_REQUESTS - 1);
  expect(new Set(messages).size).toBe(2);
  for (const { done } of messages) await done;
  for (const { error } of messages) expect(error).toBeUndefined();
});

test("what the queue does not confirm is bounded: beyond it new events are refused with a retry delay, until it does", async () => {
  const large = "x".repeat(30_000);
  const messages: OutgoingMessage[] = [];
  signalAll(nats.pid(), "STOP");
  try {
    // The last message of a turn, of 1 MiB at most, is not on its way yet.
    for (let bytes = 0; bytes < MAX_IN_FLIGHT_BYTES - 2 * MIB; bytes += large.length) messages.push(send(large));
    const beyond = () => {
      for (let bytes = 0; bytes < 4 * MIB; bytes += large.length) messages.push(send(large));
    };
    expect(beyond).toThrow(expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED, retryAfterMs: 1000 }));
  } finally {
    process.kill(nats.pid(), "SIGCONT");
  }
  for (const { done } of messages) await done;
  expect(messages.map(({ error }) => error)).toEqual(messages.map(() => undefined));
  const after = send();
  await after.done;
  expect(after.error).toBeUndefined();
});

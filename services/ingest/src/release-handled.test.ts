import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { connectQueue } from "@ocellus/runtime/nats.ts";
import { EVENTS, ensureStreams } from "@ocellus/runtime/streams.ts";
import { startNats } from "@ocellus/suite/nats-server.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import pino from "pino";
import { eventually } from "../../../test/support/eventually.ts";
import { natsUser, sharedNats } from "../../../test/support/shared-nats.ts";
import { releaseHandled } from "./release-handled.ts";

test("a message that NATS finds again after a crash, though it was acknowledged, is released once nothing else is in hand", async () => {
  using folder = temporaryFolder();
  const options = { ...sharedNats(), dataDir: folder.path, port: await freePort() };
  const messages = join(folder.path, "jetstream/jetstream/$G/streams", EVENTS.stream, "msgs");
  const before = join(folder.path, "before");
  {
    const nats = await startNats(options);
    const queue = await connectedTo(nats.url);
    const bytes = 1024 * 1024;
    await ensureStreams(queue, { eventsBytes: bytes, changesBytes: bytes, errorsBytes: bytes });
    for (const text of ["one", "two"]) await queue.jetstream.publish(EVENTS.subject, text);
    await queue.close();
    await nats.stop();
    cpSync(messages, before, { recursive: true });
  }
  {
    const nats = await startNats(options);
    const queue = await connectedTo(nats.url);
    const consumer = await queue.jetstream.consumers.get(EVENTS.stream, EVENTS.consumers[0]);
    for (let count = 0; count < 2; count++) expect(await (await consumer.next())?.ackAck()).toBe(true);
    await queue.close();
    await nats.stop();
  }
  // What a crash may leave: the consumer's progress is in the files, and the removal of the messages is not.
  rmSync(messages, { recursive: true });
  cpSync(before, messages, { recursive: true });

  await using nats = await startNats(options);
  const queue = await connectedTo(nats.url);
  const waiting = async () => (await queue.manager.streams.info(EVENTS.stream)).state.messages;
  await queue.jetstream.publish(EVENTS.subject, "three");
  expect(await waiting()).toBe(3);
  await releaseHandled(queue);
  expect(await waiting()).toBe(3);
  const consumer = await queue.jetstream.consumers.get(EVENTS.stream, EVENTS.consumers[0]);
  const left = await eventually(async () => (await consumer.next({ expires: 1000 })) ?? undefined);
  expect(left.string()).toBe("three");
  await releaseHandled(queue);
  expect(await waiting()).toBe(3);
  await left.ackAck();
  await releaseHandled(queue);
  expect(await waiting()).toBe(0);
  await queue.close();
});

const connectedTo = (url: string) =>
  connectQueue(natsUser(url), { log: pino({ level: "silent" }), signal: new AbortController().signal });

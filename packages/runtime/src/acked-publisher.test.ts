import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { connectOperator } from "@ocellus/suite/connect-operator.ts";
import { type Nats, startNats } from "@ocellus/suite/nats-server.ts";
import { freePorts } from "@ocellus/suite/ports.ts";
import { DiscardPolicy, type NatsConnection, type NatsError } from "nats";
import { eventually } from "../../../test/support/eventually.ts";
import { sharedServers } from "../../../test/support/shared-servers.ts";
import { signalAll } from "../../../test/support/signal-all.ts";
import { AckedPublisher } from "./acked-publisher.ts";

const { natsServer, certificates } = sharedServers();
let folder: string;
let nats: Nats;
let connection: NatsConnection;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "acked-publisher-"));
  const [port] = (await freePorts(1)) as [number];
  nats = await startNats({ binary: natsServer, dataDir: folder, certificates, port });
  connection = await connectOperator(nats.url, certificates);
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: "ROOMY", subjects: ["roomy"] });
  await manager.streams.add({ name: "FULL", subjects: ["full"], max_bytes: 1000, discard: DiscardPolicy.New });
});
afterAll(async () => {
  await connection.close();
  await nats.stop("SIGKILL");
  rmSync(folder, { recursive: true });
});

const errorOf = (promise: Promise<void>): Promise<NatsError> =>
  promise.then(
    () => Promise.reject(new Error("it was acknowledged")),
    (error) => error,
  );

test("what is published is in the stream, in order, when it resolves", async () => {
  const publisher = new AckedPublisher(connection, 5000);
  await Promise.all(Array.from({ length: 500 }, (_, index) => publisher.publish("roomy", Buffer.from(String(index)))));
  const stream = await connection.jetstream().streams.get("ROOMY");
  expect((await stream.info()).state.messages).toBe(500);
  expect((await stream.getMessage({ seq: 500 })).string()).toBe("499");
});

test("a full stream refuses with JetStream's own code", async () => {
  const publisher = new AckedPublisher(connection, 5000);
  const error = await errorOf(publisher.publish("full", Buffer.alloc(2000)));
  expect(error.api_error?.err_code).toBe(10077);
});

test("a subject of no stream is refused at once", async () => {
  const publisher = new AckedPublisher(connection, 600_000);
  expect((await errorOf(publisher.publish("nowhere", Buffer.from("x")))).code).toBe("503");
});

test("without an answer in time it fails with TIMEOUT, and later answers harm nobody", async () => {
  const publisher = new AckedPublisher(connection, 300);
  signalAll(nats.pid(), "STOP");
  try {
    expect((await errorOf(publisher.publish("roomy", Buffer.from("late")))).code).toBe("TIMEOUT");
  } finally {
    process.kill(nats.pid(), "SIGCONT");
  }
  await eventually(() => publisher.publish("roomy", Buffer.from("on time")).then(() => true));
});

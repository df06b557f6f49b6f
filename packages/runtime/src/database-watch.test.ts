import { type AddressInfo, connect, createServer } from "node:net";
import { expect, test } from "@jest/globals";
import pino from "pino";
import { eventually } from "../../../test/support/eventually.ts";
import { sharedServers } from "../../../test/support/shared-servers.ts";
import { DatabaseWatch } from "./database-watch.ts";

/** Longer than an answer may take. */
const STANDSTILL_MS = 1500;

test("a process that stood still while it asked does not take PostgreSQL for gone", async () => {
  const url = new URL(sharedServers().adminUrl);
  const { port, hostname } = url;
  const stood = Promise.withResolvers<void>();
  let asked = 0;
  /** The way to PostgreSQL, which goes on a moment after everything here stood still. */
  const way = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) socket.on("error", () => socket.destroy());
    far.pipe(near);
    near.on("close", () => far.destroy());
    near.on("data", (chunk: Buffer) => {
      if (!chunk.includes("select 1") || ++asked !== 2) return far.write(chunk);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STANDSTILL_MS);
      setTimeout(() => far.write(chunk), 100);
      stood.resolve();
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => way.once("listening", resolve));
  url.port = String((way.address() as AddressInfo).port);

  const told: string[] = [];
  const log = pino({ level: "warn" }, { write: (line) => void told.push(line) });
  const stop = new AbortController();
  const watch = new DatabaseWatch();
  const watching = watch.run({ url: url.href }, stop.signal, log);
  await stood.promise;
  await eventually(async () => asked > 2 || undefined);
  stop.abort();
  await watching;
  way.close();
  expect([told, watch.reachable]).toEqual([[], true]);
});

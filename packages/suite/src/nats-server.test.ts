import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { sharedServers } from "../../../test/support/shared-servers.ts";
import { connectOperator } from "./connect-operator.ts";
import { findNatsServer, startNats } from "./nats-server.ts";
import { freePort } from "./ports.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const { certificates, natsServer: binary } = sharedServers();
const nowhere = { folders: [], install: async () => undefined };

test.each(["SIGTERM", "SIGKILL"] as const)("NATS keeps a stream over a restart after %s", async (signal) => {
  using folder = temporaryFolder();
  {
    await using nats = await startNats({ binary, dataDir: folder.path, certificates, port: await freePort() });
    const client = await connectOperator(nats.url, certificates);
    await (await client.jetstreamManager()).streams.add({ name: "THINGS", subjects: ["things"] });
    await client.jetstream().publish("things", "one");
    await client.close();
    await nats.stop(signal);
  }
  await using nats = await startNats({ binary, dataDir: folder.path, certificates, port: await freePort() });
  const client = await connectOperator(nats.url, certificates);
  const { state } = await (await client.jetstreamManager()).streams.info("THINGS");
  await client.close();
  expect(state.messages).toBe(1);
});

test("settings reach the server", async () => {
  using folder = temporaryFolder();
  const port = await freePort();
  await using nats = await startNats({
    binary,
    dataDir: folder.path,
    certificates,
    port,
    settings: { max_payload: 123_456 },
  });
  const client = await connectOperator(nats.url, certificates);
  expect(client.info).toMatchObject({ max_payload: 123_456, host: "127.0.0.1", jetstream: true });
  await client.close();
});

test("a port in use is an error with the server's own words", async () => {
  using folder = temporaryFolder();
  using other = temporaryFolder();
  const port = await freePort();
  await using _ = await startNats({ binary, dataDir: folder.path, certificates, port });
  await expect(startNats({ binary, dataDir: other.path, certificates, port })).rejects.toThrow(
    /nats-server ended with code 1:(.|\n)*address already in use/,
  );
});

test("nats-server is taken from PATH before an earlier install, and that before a new one", async () => {
  using path = temporaryFolder();
  using installed = temporaryFolder();
  const install = async (folder: string) => program(folder);
  const find = () => findNatsServer(installed.path, { folders: [path.path], install });

  expect(await find()).toBe(join(installed.path, "nats-server"));
  expect(await findNatsServer(installed.path, nowhere)).toBe(join(installed.path, "nats-server"));
  expect(await find()).toBe(join(installed.path, "nats-server"));
  program(path.path);
  expect(await find()).toBe(join(path.path, "nats-server"));
});

test("without any nats-server the error says what to install or set", async () => {
  using folder = temporaryFolder();
  await expect(findNatsServer(folder.path, nowhere)).rejects.toThrow(/install nats-server 2\.9 or newer.*NATS_URL/);
  const install = () => Promise.reject(new Error("apt-get ended with code 100: no network"));
  await expect(findNatsServer(folder.path, { folders: [], install })).rejects.toThrow("no network");
});

function program(folder: string): string {
  const file = join(folder, "nats-server");
  writeFileSync(file, "#!/bin/sh\n", { mode: 0o755 });
  return file;
}

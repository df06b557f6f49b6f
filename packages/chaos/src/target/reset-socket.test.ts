import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "@jest/globals";
import { resetSocket } from "./reset-socket.ts";

test.each<[string, (socket: Socket) => void, string]>([
  ["that is open is reset", () => {}, "ECONNRESET"],
  ["that is just being ended is closed", (socket) => socket.end(), "closed"],
])("a connection %s", async (_, before, expected) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [[peer]] = (await Promise.all([once(server, "connection"), once(socket, "connect")])) as [[Socket], unknown];
  const outcome = new Promise<string>((resolve) => {
    peer.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code!)).on("close", () => resolve("closed"));
  });
  peer.resume();
  before(socket);
  await new Promise((resolve) => process.nextTick(resolve));
  const closed = once(socket, "close");
  resetSocket(socket);
  await closed;
  expect(await outcome).toBe(expected);
  server.close();
});

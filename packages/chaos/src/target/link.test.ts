import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { freePort } from "@ocellus/suite/ports.ts";
import { Link } from "./link.ts";

let server: Server;
let link: Link;
let socket: Socket;

beforeAll(async () => {
  server = createServer((near) => near.on("error", () => near.destroy()).pipe(near));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(async () => {
  server.close();
  await once(server, "close");
});

beforeEach(async () => {
  link = await Link.open(await freePort(), (server.address() as { port: number }).port);
  socket = connect(link.port, "127.0.0.1");
  expect(await echoed("before")).toBe("before");
});
afterEach(async () => {
  socket.destroy();
  await link.close();
});

async function echoed(text: string): Promise<string> {
  const answer = once(socket, "data");
  socket.write(text);
  return String((await answer)[0]);
}

test("a link that is reset ends its connections, and takes new ones when it is mended", async () => {
  const failed = once(socket, "error");
  link.cut("reset");
  expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" });
  link.mend();
  socket = connect(link.port, "127.0.0.1");
  expect(await echoed("again")).toBe("again");
});

test("a link that delays hands on what was sent meanwhile, on old and on new connections", async () => {
  link.cut("delay");
  const fresh = connect(link.port, "127.0.0.1");
  await once(fresh, "connect");
  const answers = [once(socket, "data"), once(fresh, "data")];
  socket.write("old");
  fresh.write("new");
  link.mend();
  expect((await Promise.all(answers)).map(String)).toEqual(["old", "new"]);
  fresh.destroy();
});

test("a link that is a black hole tells nobody, and its connections are gone when it is mended", async () => {
  link.cut("blackhole");
  let heard = false;
  socket.once("data", () => {
    heard = true;
  });
  const failed = once(socket, "error");
  socket.write("lost");
  link.mend();
  expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" });
  expect(heard).toBe(false);
});

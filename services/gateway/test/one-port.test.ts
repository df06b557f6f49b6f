import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Flag, frame, RawHttp2, requestHeaders, Type } from "../../../test/support/raw-http2.ts";
import { type HttpServer, listen } from "../src/http/one-port.ts";
import { connectionLimits } from "./connection-limits.ts";

let server: HttpServer;
let release: PromiseWithResolvers<void>;
let entered: PromiseWithResolvers<void>;

beforeEach(async () => {
  release = Promise.withResolvers();
  entered = Promise.withResolvers();
  server = await listen(
    async (request, response) => {
      entered.resolve();
      if (request.url === "/held") await release.promise;
      response.end(`${request.httpVersion} ${request.url}`);
    },
    { host: "127.0.0.1", port: 0, limits: connectionLimits(), isStream: () => false },
  );
});
afterEach(() => server.stop(0));

/** What a connection answers until it is closed, by whichever side. */
function textFrom(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text));
  });
}

async function http2Get(path: string): Promise<string> {
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  const stream = session.request({ ":path": path });
  let text = "";
  for await (const chunk of stream) text += chunk;
  session.close();
  return text;
}

test("HTTP/1.1 and HTTP/2 are served on one port", async () => {
  expect(await (await fetch(`http://127.0.0.1:${server.port}/a`)).text()).toBe("1.1 /a");
  expect(await http2Get("/b")).toBe("2.0 /b");
});

test.each(["GET", "POST", "PRI"])("a request %s that comes byte by byte is not taken for HTTP/2", async (method) => {
  const socket = connect(server.port, "127.0.0.1");
  const answer = textFrom(socket);
  for (const byte of `${method} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`) {
    await new Promise<void>((resolve) => socket.write(byte, () => resolve()));
    await new Promise(setImmediate);
  }
  expect(await answer).toMatch(method === "PRI" ? /^HTTP\/1.1 400/ : /^HTTP\/1.1 200/);
});

test("several HTTP/1.1 requests follow one another on a connection", async () => {
  const socket = connect(server.port, "127.0.0.1");
  const answer = textFrom(socket);
  socket.write("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  expect(await answer).toMatch(/1\.1 \/1[\s\S]*1\.1 \/2/);
});

test.each([
  ["HTTP/1.1", () => fetch(`http://127.0.0.1:${server.port}/held`).then((response) => response.text())],
  ["HTTP/2", () => http2Get("/held")],
])("a stop lets a running request over %s end", async (version, get) => {
  const running = get();
  await entered.promise;
  const stopped = server.stop(5000);
  release.resolve();
  expect(await running).toBe(`${version.slice(5)}${version === "HTTP/2" ? ".0" : ""} /held`);
  await stopped;
});

test.each([
  ["a request that does not end", "GET /held HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["half a preface", "PRI * HT"],
  ["nothing yet", ""],
])("a stop cuts off a connection with %s", async (_, text) => {
  const socket = connect(server.port, "127.0.0.1");
  const closed = new Promise((resolve) =>
    socket
      .on("error", () => {})
      .on("close", resolve)
      .resume(),
  );
  await new Promise<void>((resolve) => socket.write(text, () => resolve()));
  if (text.startsWith("GET")) await entered.promise;
  await server.stop(50);
  await closed;
});

test("a stop does not wait for an HTTP/2 client that keeps its side of the connection open", async () => {
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  new RawHttp2(socket).send(frame(Type.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, requestHeaders("/held")));
  await entered.promise;
  await server.stop(50);
  socket.destroy();
});

test("a port that is taken is an error", async () => {
  await expect(
    listen(() => {}, { host: "127.0.0.1", port: server.port, limits: connectionLimits(), isStream: () => false }),
  ).rejects.toThrow("EADDRINUSE");
});

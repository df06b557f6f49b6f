import { type ClientHttp2Stream, connect as connectHttp2, constants } from "node:http2";
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "@jest/globals";
import { eventually } from "../../../test/support/eventually.ts";
import { Flag, frame, RawHttp2, requestHeaders, Type } from "../../../test/support/raw-http2.ts";
import { closed, MIB, PortBed, refused, textOf } from "./port-bed.ts";

const port = new PortBed();
afterEach(() => port.stop());

describe("what is slow to send", () => {
  test.each([
    ["nothing", ""],
    ["a part of its headers", "GET / HTTP/1.1\r\nHost: a\r\n"],
    ["a part of HTTP/2's preface", "PRI * HTTP/2"],
  ])("a connection that sends %s is closed", async (_, text) => {
    await port.start({ HEADERS_TIMEOUT: "200ms" });
    const socket = port.open();
    socket.write(text);
    expect(await textOf(socket)).toMatch(text.startsWith("GET") ? /^HTTP\/1.1 408/ : /^$/);
  });

  test("headers that drip over HTTP/1.1 are not waited for", async () => {
    await port.start({ HEADERS_TIMEOUT: "300ms" });
    const socket = port.open();
    socket.write("GET / HTTP/1.1\r\n");
    const drip = setInterval(() => socket.write("a: b\r\n"), 20);
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 408/);
    clearInterval(drip);
  });

  test("a body that drips over HTTP/1.1 is not waited for", async () => {
    await port.start({ REQUEST_TIMEOUT: "300ms", HEADERS_TIMEOUT: "200ms" });
    const socket = port.open();
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    const drip = setInterval(() => socket.write("x"), 20);
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 408/);
    clearInterval(drip);
  });

  test.each([
    ["never comes", false],
    ["drips", true],
  ])("a body that %s over HTTP/2 is not waited for, and other calls of the connection go on", async (_, drips) => {
    await port.start({ REQUEST_TIMEOUT: "300ms" });
    const before = await refused("slow_requests");
    const session = connectHttp2(port.url);
    const slow = session.request({ ":method": "POST", ":path": "/" });
    const held = session.request({ ":path": "/held" });
    const drip = setInterval(() => drips && slow.write("x"), 20);
    await closed(slow);
    clearInterval(drip);
    expect([slow.rstCode, held.closed, await refused("slow_requests")]).toEqual([
      constants.NGHTTP2_CANCEL,
      false,
      before + 1,
    ]);
    session.destroy();
  });

  test("a stream of requests may go on for longer", async () => {
    await port.start({ REQUEST_TIMEOUT: "200ms" });
    const session = connectHttp2(port.url);
    const upload = session.request({ ":method": "POST", ":path": "/upload" });
    const slow = session.request({ ":method": "POST", ":path": "/" });
    await closed(slow);
    expect(upload.closed).toBe(false);
    upload.end();
    expect(await bodyOf(upload)).toBe("whole");
    session.destroy();
  });

  test("an HTTP/2 connection without a call is closed, though it pings, or has sent half its headers", async () => {
    await port.start({ CONNECTION_IDLE: "200ms", CONNECTION_GRACE: "200ms", ANSWER_TIMEOUT: "200ms" });
    const raw = new RawHttp2(port.open());
    const block = requestHeaders("/");
    raw.send(frame(Type.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, block).subarray(0, 12));
    await raw.closed;
    expect(raw.goaway()).toBe(constants.NGHTTP2_NO_ERROR);
    const pinging = new RawHttp2(port.open());
    const ping = setInterval(() => pinging.send(frame(Type.PING, Flag.NONE, 0, Buffer.alloc(8))), 20);
    await pinging.closed;
    clearInterval(ping);
  });
});

describe("what is slow to read", () => {
  test("an answer over HTTP/1.1 that its client does not take is cut off", async () => {
    await port.start({ ANSWER_TIMEOUT: "300ms" });
    const before = await refused("stalled_answers");
    const socket = port.open();
    socket.pause();
    socket.write("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    await eventually(async () => ((await refused("stalled_answers")) > before ? true : undefined));
    const answered = await textOf(socket);
    expect(answered.length).toBeLessThan(32 * MIB);
  });

  test("an answer over HTTP/2 for which the window is never opened is cut off", async () => {
    await port.start({ ANSWER_TIMEOUT: "300ms" });
    const closedWindow = Buffer.from([0, 4, 0, 0, 0, 0]);
    const raw = new RawHttp2(port.open(), closedWindow);
    raw.send(frame(Type.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, requestHeaders("/large")));
    await eventually(async () => raw.reset(1));
    expect(raw.reset(1)).toBe(constants.NGHTTP2_CANCEL);
    expect(raw.frames.filter(({ type, payload }) => type === Type.DATA && payload.length > 0)).toEqual([]);
  });

  test.each(["HTTP/1.1", "HTTP/2"])(
    "an answer over %s that its client takes bit by bit is given whole",
    async (version) => {
      await port.start({ ANSWER_TIMEOUT: "3s" });
      const slowUntil = performance.now() + 4500;
      const stream =
        version === "HTTP/2" ? connectHttp2(port.url).request({ ":path": "/large" }) : await port.request("/large");
      let size = 0;
      stream.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (performance.now() > slowUntil) return;
        stream.pause();
        setTimeout(() => stream.resume(), 10);
      });
      await finished(stream, { writable: false });
      expect(size).toBe(32 * MIB);
      if ("session" in stream) stream.session?.destroy();
    },
  );

  test("a stream that says nothing for long is left alone", async () => {
    await port.start({ ANSWER_TIMEOUT: "100ms", REQUEST_TIMEOUT: "100ms" });
    const session = connectHttp2(port.url);
    const streams = [session.request({ ":path": "/stream" }), await port.request("/stream")];
    for (const stream of streams) stream.resume();
    await sleep(500);
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([false, false]);
    session.destroy();
  });
});

async function bodyOf(stream: ClientHttp2Stream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}

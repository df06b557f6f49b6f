import { Agent, get as httpGet } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { afterEach, describe, expect, test } from "@jest/globals";
import { eventually } from "../../../test/support/eventually.ts";
import { Flag, frame, RawHttp2, requestHeaders, Type } from "../../../test/support/raw-http2.ts";
import { MIB, PortBed, refused, textOf } from "./port-bed.ts";

const CALM = constants.NGHTTP2_ENHANCE_YOUR_CALM;

const port = new PortBed();
afterEach(() => port.stop());

test("more connections than there may be are closed, and room is made by those that end", async () => {
  await port.start({ CONNECTIONS_MAX: "3" });
  const before = await refused("connections");
  const held = [port.open(), port.open(), port.open()];
  await Promise.all(held.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  await Promise.all([textOf(port.open()), textOf(port.open())]);
  expect((await refused("connections")) - before).toBe(2);
  held[0]!.destroy();
  await eventually(async () => ((await (await fetch(port.url)).text()) === "whole" ? true : undefined));
});

describe("headers", () => {
  test("that are too large over HTTP/1.1 are answered 431", async () => {
    await port.start({ HEADERS_MAX_BYTES: "4096" });
    const response = await fetch(port.url, { headers: { cookie: "x".repeat(5000) } });
    expect(response.status).toBe(431);
    await port.answers();
  });

  test("that are too large over HTTP/2 reset their stream, and other calls of the connection go on", async () => {
    await port.start({ HEADERS_MAX_BYTES: "4096" });
    const raw = new RawHttp2(port.open());
    await raw.settled();
    raw.send(
      frame(Type.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, requestHeaders("/", { cookie: "x".repeat(5000) })),
    );
    expect(await eventually(async () => raw.reset(1))).toBe(CALM);
    raw.send(frame(Type.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 3, requestHeaders("/")));
    await eventually(async () => raw.frames.find(({ type, stream }) => type === Type.DATA && stream === 3));
  });

  test("are waited for no longer where a client does not take our settings, which bound them", async () => {
    await port.start({ HEADERS_TIMEOUT: "200ms" });
    const raw = new RawHttp2(port.open(), undefined, false);
    raw.send(frame(Type.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, requestHeaders("/held")));
    await raw.closed;
    expect(raw.goaway()).toBe(constants.NGHTTP2_SETTINGS_TIMEOUT);
  });

  test("that are many over HTTP/2 reset their stream", async () => {
    await port.start({});
    const raw = new RawHttp2(port.open());
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`a${index}`, "b"]));
    raw.send(frame(Type.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, 1, requestHeaders("/", many)));
    expect(await eventually(async () => raw.reset(1))).toBe(CALM);
  });

  test("that never end in CONTINUATION frames close the connection", async () => {
    await port.start({});
    const raw = new RawHttp2(port.open());
    raw.send(frame(Type.HEADERS, Flag.END_STREAM, 1, requestHeaders("/")));
    const sent = await raw.flood(frame(Type.CONTINUATION, Flag.NONE, 1, Buffer.alloc(1024)));
    expect(sent).toBeLessThan(4 * MIB);
    await port.answers();
  });
});

describe("an old connection", () => {
  test("over HTTP/1.1 is closed after the next answer, which says so", async () => {
    await port.start({ CONNECTION_AGE: "200ms" });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () =>
      new Promise<string | undefined>((resolve, reject) => {
        httpGet(port.url, { agent }, (response) =>
          response.resume().on("end", () => resolve(response.headers.connection)),
        ).on("error", reject);
      });
    expect(await ask()).toBe("keep-alive");
    await eventually(async () => ((await ask()) === "close" ? true : undefined));
    expect(await ask()).toBe("keep-alive");
    agent.destroy();
  });

  test("over HTTP/2 is taken leave of; its calls go on for a while, and are then cut off", async () => {
    await port.start({ CONNECTION_AGE: "200ms", CONNECTION_GRACE: "600ms" });
    const session = connectHttp2(port.url);
    const held = session.request({ ":path": "/held" });
    const failed = new Promise((resolve) => held.on("error", resolve).on("close", () => resolve("closed")));
    const goaway = await new Promise((resolve) => session.once("goaway", (code) => resolve(code)));
    expect(goaway).toBe(constants.NGHTTP2_NO_ERROR);
    expect(held.destroyed).toBe(false);
    await failed;
    expect(held.destroyed).toBe(true);
    await port.answers();
  });

  test("over HTTP/2 that has no calls is closed", async () => {
    await port.start({ CONNECTION_AGE: "200ms", CONNECTION_GRACE: "200ms" });
    const session = connectHttp2(port.url);
    await new Promise((resolve) => session.once("close", resolve));
  });
});

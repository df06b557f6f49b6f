import { connect as connectHttp2, constants } from "node:http2";
import { afterEach, describe, expect, test } from "@jest/globals";
import { eventually } from "../../../test/support/eventually.ts";
import { Flag, frame, RawHttp2, requestHeaders, Type } from "../../../test/support/raw-http2.ts";
import { MIB, PortBed, refused } from "./port-bed.ts";

const CALM = constants.NGHTTP2_ENHANCE_YOUR_CALM;

const port = new PortBed();
afterEach(() => port.stop());

describe("a flood over HTTP/2", () => {
  const request = (stream: number) =>
    frame(Type.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, stream, requestHeaders("/held"));

  test.each<[string, Buffer]>([
    ["pings", frame(Type.PING, Flag.NONE, 0, Buffer.alloc(8))],
    ["settings", frame(Type.SETTINGS, Flag.NONE, 0)],
  ])("of %s closes the connection, and nobody else's", async (_, bytes) => {
    await port.start({ PING_RATE: "10" });
    const before = await refused("pings");
    const other = connectHttp2(port.url).request({ ":path": "/held" });
    const raw = new RawHttp2(port.open());
    await raw.flood(Buffer.concat(Array<Buffer>(50).fill(bytes)));
    expect(raw.goaway()).toBe(CALM);
    expect((await refused("pings")) - before).toBe(1);
    expect(other.destroyed).toBe(false);
    other.session?.destroy();
    await port.answers();
  });

  test("of pings whose answers nobody reads closes the connection", async () => {
    await port.start({});
    const socket = port.open();
    const raw = new RawHttp2(socket);
    socket.pause();
    const sent = await raw.flood(
      Buffer.concat(Array<Buffer>(1000).fill(frame(Type.PING, Flag.NONE, 0, Buffer.alloc(8)))),
    );
    expect(sent).toBeLessThan(32 * MIB);
    await port.answers();
  });

  test("of calls that are given up at once (rapid reset) closes the connection", async () => {
    await port.start({ RESET_RATE: "10" });
    const raw = new RawHttp2(port.open());
    let stream = -1;
    const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
    for (let i = 0; i < 20 && raw.goaway() === undefined; i++) {
      const calls = Array.from({ length: 50 }, () => {
        stream += 2;
        return Buffer.concat([request(stream), frame(Type.RST_STREAM, Flag.NONE, stream, cancel)]);
      });
      raw.send(...calls);
      await new Promise(setImmediate);
    }
    await raw.closed;
    expect(raw.goaway()).not.toBe(constants.NGHTTP2_NO_ERROR);
    await port.answers();
  });

  test("of empty frames closes the connection", async () => {
    await port.start({});
    const raw = new RawHttp2(port.open());
    raw.send(frame(Type.HEADERS, Flag.END_HEADERS, 1, requestHeaders("/")));
    await raw.flood(Buffer.concat(Array<Buffer>(100).fill(frame(Type.DATA, Flag.NONE, 1))), 16 * MIB);
    await raw.closed;
    await port.answers();
  });

  test("of calls at once is refused beyond what the connection may have, and those that run go on", async () => {
    await port.start({ CONNECTION_STREAMS_MAX: "5" });
    const raw = new RawHttp2(port.open());
    raw.send(...[1, 3, 5, 7, 9, 11, 13].map(request));
    await eventually(async () => raw.reset(13));
    expect([1, 3, 5, 7, 9, 11, 13].map((stream) => raw.reset(stream))).toEqual([
      ...Array(5).fill(undefined),
      ...Array(2).fill(constants.NGHTTP2_REFUSED_STREAM),
    ]);
    expect(raw.goaway()).toBeUndefined();
  });
});

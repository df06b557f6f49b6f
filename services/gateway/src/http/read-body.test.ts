import { once } from "node:events";
import { createServer, type RequestListener, request } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { expect, test } from "@jest/globals";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { pino } from "pino";
import { statusOf } from "../upstream-status.ts";
import type { HttpRequest } from "./node-http.ts";
import { readBody } from "./read-body.ts";

/** Sends half a body, and is gone. */
const CLIENTS: Record<string, [(handler: RequestListener) => Server, (url: string) => () => void]> = {
  "HTTP/1.1": [
    createServer,
    (url) => {
      const call = request(url, { method: "POST", headers: { "content-length": 10 } }).on("error", () => {});
      call.write("half");
      return () => call.destroy();
    },
  ],
  "HTTP/2": [
    (handler) => createHttp2Server(handler as never),
    (url) => {
      const session = connect(url).on("error", () => {});
      const stream = session.request({ ":method": "POST", ":path": "/" }).on("error", () => {});
      stream.write("half");
      return () => session.destroy();
    },
  ],
};

test.each(Object.entries(CLIENTS))(
  "a client of %s that is gone in the midst of its body is no fault of ours",
  async (_, [serve, send]) => {
    const logged: string[] = [];
    const log = pino({ level: "error" }, { write: (line) => logged.push(line) });
    const began = Promise.withResolvers<void>();
    const failed = Promise.withResolvers<unknown>();
    const server = serve((incoming) => {
      const limits = { maxBytes: 100, inHandBytes: 100 };
      incoming.once("data", () => began.resolve());
      readBody(incoming as HttpRequest, limits, () => invalidArgument([], ErrorReason.MALFORMED_BODY)).catch(
        failed.resolve,
      );
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const leave = send(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await began.promise;
    leave();
    expect(statusOf(await failed.promise, log)).toMatchObject({ code: 1, details: [] });
    expect(logged).toEqual([]);
    server.close();
  },
);

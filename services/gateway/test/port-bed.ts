import { request as httpRequest, type IncomingMessage } from "node:http";
import type { ClientHttp2Stream } from "node:http2";
import { connect, type Socket } from "node:net";
import { expect } from "@jest/globals";
import { register } from "prom-client";
import type { HttpHandler } from "../src/http/node-http.ts";
import { type HttpServer, listen } from "../src/http/one-port.ts";
import { connectionLimits } from "./connection-limits.ts";

export const MIB = 1024 * 1024;

/** Answers a path by what it says; anything else once the request is whole. */
const handler: HttpHandler = (request, response) => {
  const { url: path = "" } = request;
  if (path === "/large") return void response.end(Buffer.alloc(32 * MIB));
  if (path === "/held") return;
  if (path === "/stream") return void response.write("started");
  request
    .on("error", () => {})
    .on("end", () => response.end("whole"))
    .resume();
};

/** A port of the gateway without the gateway behind it, for each test with limits of its own. */
export class PortBed {
  readonly #sockets: Socket[] = [];
  #server!: HttpServer;

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Listens with the default limits but for these settings. */
  async start(settings: Record<string, string>): Promise<void> {
    this.#server = await listen(handler, {
      host: "127.0.0.1",
      port: 0,
      limits: connectionLimits(settings),
      isStream: (path) => path === "/upload",
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
    await this.#server.stop(0);
  }

  /** A connection to it. */
  open(): Socket {
    const socket = connect(this.#server.port, "127.0.0.1").on("error", () => {});
    this.#sockets.push(socket);
    return socket;
  }

  /** What it begins to answer a GET over a connection of its own. */
  request(path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      httpRequest(this.url + path, { agent: false }, resolve)
        .on("error", reject)
        .end();
    });
  }

  /** Expects that it still answers others. */
  async answers(): Promise<void> {
    expect(await (await fetch(this.url)).text()).toBe("whole");
  }
}

/** All that a connection answers until it is closed. */
export async function textOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk)).resume();
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(chunks).toString("latin1");
}

/** How often something was refused in this process. */
export async function refused(limit: string): Promise<number> {
  const { values } = await register.getSingleMetric("ocellus_refused_by_limit_total")!.get();
  return values.find(({ labels }) => labels.limit === limit)?.value ?? 0;
}

/** Resolves when a call is over, however it ended. */
export function closed(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => stream.on("error", () => {}).once("close", resolve));
}

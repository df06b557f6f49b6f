import { readFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import type { TlsFiles } from "@ocellus/runtime/tls.ts";
import fc from "fast-check";
import { conversation, frameBytes } from "../inputs/frames.ts";
import { mutated } from "../inputs/mutate.ts";
import { http1Answer, http2Answer, plainSocket, sendRaw } from "../send/send-raw.ts";
import type { Kind, Surroundings } from "./kind.ts";

const EVENT = `{"name":"pageview","namespace":"fuzz","data":{"path":"/"}}`;
/** A TrackEventRequest with the name "a", in the envelope of gRPC. */
const MESSAGE = Uint8Array.of(0, 0, 0, 0, 5, 0x0a, 3, 0x1a, 1, 0x61);
const TRACK_EVENT = "/ocellus.ingest.v1.IngestService/TrackEvent";

/** Bytes for the ports themselves: frames of HTTP/2 for the gateway and, over TLS, for a service; requests of HTTP/1.1. */
export async function rawKinds({ ports, token }: Surroundings, files: TlsFiles): Promise<Kind<Uint8Array>[]> {
  const bearer = `Bearer ${await token()}`;
  const call = (scheme: string, type: string): [string, string][] => [
    [":method", "POST"],
    [":scheme", scheme],
    [":path", type === "application/json" ? "/v1/events" : TRACK_EVENT],
    [":authority", "localhost"],
    ["content-type", type],
    ["te", "trailers"],
    ["authorization", bearer],
  ];
  const toGateway = [
    conversation(call("http", "application/grpc"), MESSAGE),
    conversation(call("http", "application/json"), Buffer.from(EVENT)),
  ];
  const requests = [
    `POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: ${bearer}\r\ncontent-type: application/json\r\ncontent-length: ${EVENT.length}\r\n\r\n${EVENT}`,
    `POST /events/ HTTP/1.1\r\nhost: x\r\nauthorization: ${bearer}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${EVENT.length.toString(16)}\r\n${EVENT}\r\n0\r\n\r\n`,
    `GET /v1/events?namespace=fuzz HTTP/1.1\r\nhost: x\r\nauthorization: ${bearer}\r\n\r\nGET / HTTP/1.0\r\n\r\n`,
    `GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n`,
  ].map((text) => Buffer.from(text));
  const tls = {
    host: "127.0.0.1",
    port: ports.ingest,
    ca: readFileSync(files.ca),
    cert: readFileSync(files.cert),
    key: readFileSync(files.key),
    servername: "localhost",
    ALPNProtocols: ["h2"],
  };
  const openGateway = plainSocket(ports.gateway);
  return [
    {
      name: "HTTP/2 frames",
      share: 8,
      parallel: 8,
      inputs: fc.oneof(...toGateway.map(frameBytes)),
      send: async (bytes) => http2Answer(await sendRaw(openGateway, bytes)),
    },
    {
      name: "HTTP/2 frames over TLS",
      share: 4,
      parallel: 4,
      inputs: frameBytes(conversation(call("https", "application/grpc"), MESSAGE)),
      send: async (bytes) => http2Answer(await sendRaw(() => connectTls(tls), bytes)),
    },
    {
      name: "HTTP/1.1 bytes",
      share: 8,
      parallel: 8,
      inputs: mutated(fc.constantFrom(...requests)),
      send: async (bytes) => http1Answer(await sendRaw(openGateway, bytes)),
    },
  ];
}

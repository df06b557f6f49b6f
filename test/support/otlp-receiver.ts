import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** A span as a collector gets it. */
export interface ToldSpan {
  service: string;
  name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  traceId: string;
  spanId: string;
  /** Empty where the trace begins with it. */
  parentId: string;
  attributes: Record<string, string | number>;
  links: { traceId: string; spanId: string }[];
  failed: boolean;
}

/** A collector of traces: it takes OTLP over HTTP, in Protocol Buffers (opentelemetry.io/docs/specs/otlp). */
export class OtlpReceiver {
  readonly spans: ToldSpan[] = [];
  /** What was sent, and the headers with which it was. */
  readonly bodies: Buffer[] = [];
  readonly headers: Record<string, unknown>[] = [];
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens; where it has listened before, on the same port. */
  async start(): Promise<this> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      if (request.url !== "/v1/traces" || request.headers["content-type"] !== "application/x-protobuf") {
        response.writeHead(404).end();
        return;
      }
      this.bodies.push(body);
      this.headers.push(request.headers);
      this.spans.push(...spansIn(body));
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.#server?.closeAllConnections();
    await closed;
  }

  ofTrace(traceId: string): ToldSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }
}

type Fields = Map<number, (Uint8Array | number | bigint)[]>;

function fieldsOf(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const value =
      type === WireType.LengthDelimited
        ? reader.bytes()
        : type === WireType.Varint
          ? Number(reader.int64())
          : type === WireType.Bit64
            ? reader.fixed64()
            : reader.fixed32();
    fields.set(number, [...(fields.get(number) ?? []), value as Uint8Array | number | bigint]);
  }
  return fields;
}

const messages = (fields: Fields, number: number) =>
  (fields.get(number) ?? []).map((each) => fieldsOf(each as Uint8Array));
const text = (fields: Fields, number: number) => Buffer.from((fields.get(number)?.[0] ?? []) as Uint8Array).toString();
const hex = (fields: Fields, number: number) =>
  Buffer.from((fields.get(number)?.[0] ?? []) as Uint8Array).toString("hex");

function attributesOf(fields: Fields, number: number): Record<string, string | number> {
  const pairs = messages(fields, number).map((pair) => {
    const [value] = messages(pair, 2);
    return [text(pair, 1), value!.has(1) ? text(value!, 1) : ((value!.get(3)?.[0] ?? Number.NaN) as number)];
  });
  return Object.fromEntries(pairs);
}

function spansIn(body: Buffer): ToldSpan[] {
  return messages(fieldsOf(body), 1).flatMap((ofResource) => {
    const [resource] = messages(ofResource, 1);
    const service = String(attributesOf(resource!, 1)["service.name"]);
    return messages(ofResource, 2)
      .flatMap((ofScope) => messages(ofScope, 2))
      .map((span) => ({
        service,
        name: text(span, 5),
        kind: Number(span.get(6)?.[0] ?? 0),
        traceId: hex(span, 1),
        spanId: hex(span, 2),
        parentId: hex(span, 4),
        attributes: attributesOf(span, 9),
        links: messages(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
        failed: messages(span, 15).some((status) => status.get(3)?.[0] === 2),
      }));
  });
}

import type { DescMessage, DescMethod, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { GenService, GenServiceMethods } from "@bufbuild/protobuf/codegenv2";
import { Client, type ClientDuplexStream, type ClientReadableStream, Metadata } from "@grpc/grpc-js";
import { definitionOf } from "./grpc-service.ts";
import type { AnyService } from "./handlers.ts";
import { decode, encode } from "./message-codec.ts";
import { clientCredentials, type TlsFiles } from "./tls.ts";

/** How one call is made. */
export interface CallOptions {
  /** Cancels the call. */
  signal?: AbortSignal;
  /** After how long the call fails with DEADLINE_EXCEEDED. Default: 15 s for a single answer, none for a stream. */
  timeoutMs?: number;
  /** What the server is told besides the request: ASCII texts by lower-case keys. */
  metadata?: Record<string, string>;
}

const DEFAULT_TIMEOUT_MS = 15_000;

type Shape<Desc> = Desc extends DescMessage ? MessageShape<Desc> : never;
type Init<Desc> = Desc extends DescMessage ? MessageInitShape<Desc> : never;

type ClientMethod<M extends GenServiceMethods[string]> = M extends {
  methodKind: "unary";
  input: infer I;
  output: infer O;
}
  ? (request: Init<I>, options?: CallOptions) => Promise<Shape<O>>
  : M extends { methodKind: "server_streaming"; input: infer I; output: infer O }
    ? (request: Init<I>, options?: CallOptions) => AsyncIterable<Shape<O>>
    : M extends { methodKind: "bidi_streaming"; input: infer I; output: infer O }
      ? (requests: AsyncIterable<Init<I>>, options?: CallOptions) => AsyncIterable<Shape<O>>
      : never;

/** Every method of a service as a function. Failed calls throw the `ServiceError` of grpc-js. */
export type ServiceClient<S extends AnyService> =
  S extends GenService<infer Methods> ? { [Name in keyof Methods]: ClientMethod<Methods[Name]> } : never;

/** One connection to a server, shared by the clients of its services. It reconnects by itself. */
export interface Channel {
  client: Client;
  close(): void;
}

/** Opens a channel to `host:port` with mTLS. It connects at the first call. */
export function openChannel(address: string, files: TlsFiles): Channel {
  const client = new Client(address, clientCredentials(files), {
    // A server that was restarted is found again within a moment; grpc-js would wait up to two minutes.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    // A server that went away without closing is noticed, so that calls do not wait for their deadline.
    "grpc.keepalive_time_ms": 3000,
    "grpc.keepalive_timeout_ms": 2000,
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    "grpc-node.flow_control_window": 8 * 1024 * 1024,
    // TLS has no server name for an address (RFC 6066, section 3); this one has a name.
    ...(/^127\.|^\[::1\]/.test(address) && { "grpc.ssl_target_name_override": "localhost" }),
  });
  return { client, close: () => client.close() };
}

/** A typed client of one service. */
export function clientOf<S extends AnyService>(descriptor: S, channel: Channel): ServiceClient<S> {
  const methods = descriptor.methods.map((method) => [method.localName, call(method, channel.client)]);
  return Object.fromEntries(methods) as ServiceClient<S>;
}

function call(method: DescMethod, client: Client) {
  switch (method.methodKind) {
    case "unary":
      return (request: MessageInitShape<DescMessage>, options: CallOptions = {}) =>
        unary(client, method, request, options);
    case "server_streaming":
      return (request: MessageInitShape<DescMessage>, options: CallOptions = {}) => {
        const { path, requestSerialize, responseDeserialize } = definitionOf(method);
        const bytes = encode(method.input, request);
        return responsesOf(
          method,
          client.makeServerStreamRequest(
            path,
            requestSerialize,
            responseDeserialize,
            bytes,
            metadataOf(options),
            deadline(options),
          ),
          options,
        );
      };
    default:
      return (requests: AsyncIterable<MessageInitShape<DescMessage>>, options: CallOptions = {}) => {
        const { path, requestSerialize, responseDeserialize } = definitionOf(method);
        const stream = client.makeBidiStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          metadataOf(options),
          deadline(options),
        );
        sendAll(method, requests, stream).catch((error) => stream.destroy(error));
        return responsesOf(method, stream, options);
      };
  }
}

async function unary(
  client: Client,
  method: DescMethod,
  request: MessageInitShape<DescMessage>,
  options: CallOptions,
): Promise<Message> {
  return decode(method.output, await callRaw(client, method, encode(method.input, request), options));
}

/** Calls a unary method with an encoded request, and answers the encoded response. A failed call throws as that of a client. */
export function callRaw(client: Client, method: DescMethod, request: Buffer, options: CallOptions): Promise<Buffer> {
  const { path, requestSerialize, responseDeserialize } = definitionOf(method);
  return new Promise((resolve, reject) => {
    const started = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadataOf(options),
      deadline({ timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS }),
      (error, response) => {
        options.signal?.removeEventListener("abort", cancel);
        if (error) reject(error);
        else resolve(response!);
      },
    );
    const cancel = () => started.cancel();
    options.signal?.addEventListener("abort", cancel, { once: true });
    if (options.signal?.aborted) cancel();
  });
}

async function sendAll(
  method: DescMethod,
  requests: AsyncIterable<MessageInitShape<DescMessage>>,
  stream: ClientDuplexStream<Buffer, Buffer>,
): Promise<void> {
  for await (const request of requests) {
    if (stream.destroyed) return;
    if (!stream.write(encode(method.input, request))) {
      await new Promise<void>((resolve) => {
        stream.once("drain", resolve);
        stream.once("close", resolve);
      });
    }
  }
  stream.end();
}

async function* responsesOf(
  method: DescMethod,
  stream: ClientDuplexStream<Buffer, Buffer> | ClientReadableStream<Buffer>,
  { signal }: CallOptions,
) {
  const cancel = () => stream.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted) cancel();
  try {
    for await (const bytes of stream) yield decode(method.output, bytes as Buffer);
  } finally {
    signal?.removeEventListener("abort", cancel);
    stream.cancel();
  }
}

function metadataOf({ metadata: texts = {} }: CallOptions): Metadata {
  const metadata = new Metadata();
  for (const [key, text] of Object.entries(texts)) metadata.set(key, text);
  return metadata;
}

function deadline({ timeoutMs }: CallOptions): { deadline?: Date } {
  return timeoutMs === undefined ? {} : { deadline: new Date(Date.now() + timeoutMs) };
}

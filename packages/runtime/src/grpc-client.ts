import type { DescMessage, DescMethod, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { GenService, GenServiceMethods } from "@bufbuild/protobuf/codegenv2";
import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { isBalanced, targetOf } from "./address-list.ts";
import { CertificateFiles } from "./certificate-files.ts";
import { definitionOf } from "./grpc-service.ts";
import type { AnyService } from "./handlers.ts";
import { decode, encode } from "./message-codec.ts";
import { endCallSpan, methodSpan } from "./observe-call.ts";
import { clientCredentials, type TlsFiles } from "./tls.ts";
import { currentSpan, type Span } from "./tracing.ts";

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
const ROUND_ROBIN = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });

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

/** The connections to the replicas of a server, shared by the clients of its services. They come back by themselves. */
export interface Channel {
  client: Client;
  close(): void;
}

/**
 * Opens a channel with mTLS to `host:port`, to several of these divided by commas, or to all addresses of a name by
 * `dns:///host:port`. Where there are several its calls go to each that can be reached in turn, and all must have a certificate
 * with the name of the first. It connects at the first call. Throws where a file of the certificate is missing.
 */
export function openChannel(address: string, tls: CertificateFiles | TlsFiles): Channel {
  const certificates = tls instanceof CertificateFiles ? tls : new CertificateFiles(tls);
  const client = new Client(targetOf(address), clientCredentials(certificates), {
    ...(isBalanced(address) && { "grpc.service_config": ROUND_ROBIN }),
    // What calls a service is told by its own configuration alone, and by no record in DNS.
    "grpc.service_config_disable_resolution": 1,
    // A name is looked up again when a replica is lost, but not for each of many.
    "grpc.dns_min_time_between_resolutions_ms": 5000,
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
        const span = spanOf(method);
        const stream = client.makeServerStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          bytes,
          metadataOf(options, span),
          deadline(options),
        );
        return responsesOf(method, stream, options, span);
      };
    default:
      return (requests: AsyncIterable<MessageInitShape<DescMessage>>, options: CallOptions = {}) => {
        const { path, requestSerialize, responseDeserialize } = definitionOf(method);
        const span = spanOf(method);
        const stream = client.makeBidiStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          metadataOf(options, span),
          deadline(options),
        );
        sendAll(method, requests, stream).catch((error) => stream.destroy(error));
        return responsesOf(method, stream, options, span);
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
  const span = spanOf(method);
  return new Promise((resolve, reject) => {
    const started = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadataOf(options, span),
      deadline({ timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS }),
      (error, response) => {
        if (span) endCallSpan(span, error?.code ?? status.OK, false);
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
  span: Span | undefined,
) {
  const cancel = () => stream.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted) cancel();
  let code = status.OK;
  try {
    for await (const bytes of stream) yield decode(method.output, bytes as Buffer);
  } catch (error) {
    code = (error as ServiceError).code ?? status.UNKNOWN;
    throw error;
  } finally {
    if (span) endCallSpan(span, code, false);
    signal?.removeEventListener("abort", cancel);
    stream.cancel();
  }
}

/** A call is a part of the trace that it is made in; none begins with it. */
function spanOf(method: DescMethod): Span | undefined {
  return currentSpan()?.child(methodSpan(method, "client"));
}

function metadataOf({ metadata: texts = {} }: CallOptions, span: Span | undefined): Metadata {
  const metadata = new Metadata();
  for (const [key, text] of Object.entries(texts)) metadata.set(key, text);
  if (span) for (const [key, text] of Object.entries(span.headers)) metadata.set(key, text);
  return metadata;
}

function deadline({ timeoutMs }: CallOptions): { deadline?: Date } {
  return timeoutMs === undefined ? {} : { deadline: new Date(Date.now() + timeoutMs) };
}

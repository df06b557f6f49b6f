import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { CertificateFiles } from "@ocellus/runtime/certificate-files.ts";
import { type CallOptions, type Channel, callRaw, clientOf, openChannel } from "@ocellus/runtime/grpc-client.ts";
import type { AnyService } from "@ocellus/runtime/handlers.ts";
import { callReached, requireReach } from "@ocellus/runtime/require-reach.ts";
import { type ServiceError, unavailable } from "@ocellus/runtime/service-error.ts";
import { upstreamError } from "./upstream-status.ts";

/** Every service of the contract, and which variable says where it is served. */
const SERVED_BY = [
  { service: IngestService, name: "ingest", address: "INGEST_ADDRESS" },
  { service: EventService, name: "ingest", address: "INGEST_ADDRESS" },
  { service: EventErrorService, name: "ingest", address: "INGEST_ADDRESS" },
  { service: SessionService, name: "sessions", address: "SESSIONS_ADDRESS" },
  { service: PersonService, name: "sessions", address: "SESSIONS_ADDRESS" },
  { service: AggregationService, name: "aggregation", address: "AGGREGATION_ADDRESS" },
] as const;

const REQUEST_STREAMS = new Set(
  SERVED_BY.flatMap(({ service }) =>
    (service as DescService).methods
      .filter(({ methodKind }) => methodKind === "bidi_streaming")
      .map((method) => `/${method.parent.typeName}/${method.name}`),
  ),
);

/** Whether a path is that of a method that takes a stream of requests. */
export const isRequestStream = (path: string): boolean => REQUEST_STREAMS.has(path);

/** A service of the contract as the gateway calls it. A failed call throws what `statusOf` reads. */
export interface Upstream {
  descriptor: DescService;
  /** Calls a unary method. */
  call(method: DescMethod, request: Message, options: CallOptions): Promise<Message>;
  /** Calls a unary method with an encoded request, and answers the encoded response. */
  callRaw(method: DescMethod, request: Buffer, options: CallOptions): Promise<Buffer>;
  /** Calls a streaming method, with one request or a stream of them. */
  stream(method: DescMethod, requests: Message | AsyncIterable<Message>, options: CallOptions): AsyncIterable<Message>;
}

/**
 * Opens a channel to each address, and answers a client of each service. They connect at the first call.
 *
 * @param stopping ends the streams that end by nothing else, with UNAVAILABLE: the gateway stops
 */
export function openUpstreams(
  addresses: Record<(typeof SERVED_BY)[number]["address"], string>,
  certificates: CertificateFiles,
  stopping: AbortSignal,
): { list: Upstream[]; close: () => void } {
  const channels = new Map<string, Channel>();
  const list = SERVED_BY.map(({ service, name, address }) => {
    const channel = channels.get(addresses[address]) ?? openChannel(addresses[address], certificates);
    channels.set(addresses[address], channel);
    return upstreamOf(service, name, channel, stopping);
  });
  return {
    list,
    close: () => {
      for (const channel of channels.values()) channel.close();
    },
  };
}

type Methods = Record<string, (requests: unknown, options: CallOptions) => unknown>;

function upstreamOf(descriptor: AnyService, name: string, channel: Channel, stopping: AbortSignal): Upstream {
  const client = clientOf(descriptor, channel) as Methods;
  const reached = <T>(method: DescMethod, { signal }: CallOptions, call: () => Promise<T>) =>
    callReached({ client: channel.client, name, method, signal, call });
  return {
    descriptor,
    async call(method, request, options) {
      try {
        return await reached(method, options, () => client[method.localName]!(request, options) as Promise<Message>);
      } catch (error) {
        throw upstreamError(error, name);
      }
    },
    async callRaw(method, request, options) {
      try {
        return await reached(method, options, () => callRaw(channel.client, method, request, options));
      } catch (error) {
        throw upstreamError(error, name);
      }
    },
    async *stream(method, requests, { signal: cancelled, ...options }) {
      const isEndless = method.methodKind === "server_streaming";
      const signals = [cancelled, isEndless ? stopping : undefined].filter((signal) => signal !== undefined);
      const signal = AbortSignal.any(signals);
      try {
        await requireReach(channel.client, name, signal);
        // A signal that has aborted already would not tell the stream.
        if (!signal.aborted) {
          yield* client[method.localName]!(requests, { ...options, signal }) as AsyncIterable<Message>;
        }
        if (isEndless && stopping.aborted) throw stopped();
      } catch (error) {
        if (isEndless && stopping.aborted) throw stopped();
        throw upstreamError(error, name);
      }
    },
  };
}

function stopped(): ServiceError {
  return unavailable(
    "The gateway stops; call again, and resume where the stream ended",
    ErrorReason.SERVICE_UNAVAILABLE,
  );
}

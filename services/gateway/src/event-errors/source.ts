import type { DescMethod } from "@bufbuild/protobuf";
import { Transport, TransportSchema } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { TOLD_ADDRESS, TOLD_TRANSPORT } from "@ocellus/runtime/told-by-gateway.ts";
import type { HttpRequest } from "../http/node-http.ts";
import type { CallNote } from "../metrics.ts";

const TRANSPORTS: Record<CallNote["protocol"], Transport> = {
  rest: Transport.REST,
  plain: Transport.PLAIN,
  connect: Transport.CONNECT,
  grpc: Transport.GRPC,
  "grpc-web": Transport.GRPC_WEB,
  // No event comes this way.
  oauth2: Transport.UNSPECIFIED,
};

/** How a request came, and from where. */
export interface Source {
  transport: Transport;
  address: string;
}

/** The source of a request. */
export function sourceOf(request: HttpRequest, protocol: CallNote["protocol"]): Source {
  return { transport: TRANSPORTS[protocol], address: request.socket.remoteAddress ?? "" };
}

/** The metadata that tells the ingest service from where the events of a call came. */
export function toldSource(method: DescMethod, source: Source | undefined): { metadata?: Record<string, string> } {
  if (!source || method.parent !== IngestService) return {};
  const transport = TransportSchema.value[source.transport]!.localName;
  return { metadata: { [TOLD_TRANSPORT]: transport, [TOLD_ADDRESS]: source.address } };
}

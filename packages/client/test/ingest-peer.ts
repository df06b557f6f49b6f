import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { anyPack, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createConnectRouter, type ServiceImpl } from "@connectrpc/connect";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { BadRequestSchema, ErrorInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { type EventResultSchema, IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";

type NodeRequest = Parameters<typeof universalRequestFromNodeRequest>[0];
type NodeResponse = Parameters<typeof universalResponseToNodeResponse>[1];
type Answer = ServiceImpl<typeof IngestService>["batchTrackEvents"];
type Result = MessageInitShape<typeof EventResultSchema>;

/** A small server of IngestService, whose answers a test gives. */
export interface IngestPeer extends AsyncDisposable {
  url: string;
  /** The events of each batch that arrived, in order. */
  batches: Event[][];
  /** The header `authorization` of each call. */
  authorizations: (string | null)[];
  /** Answers the batches from now on. Without one, all events are accepted. */
  answer: Answer;
  /** Cuts all connections. */
  cut(): void;
}

/** Starts it on a free port, for HTTP/1.1 or, for gRPC, for HTTP/2. */
export async function startIngestPeer({ http2 = false, port = 0 } = {}): Promise<IngestPeer> {
  const sockets = new Set<Socket>();
  const router = createConnectRouter().service(IngestService, {
    batchTrackEvents: (request, context) => {
      peer.batches.push(request.events);
      peer.authorizations.push(context.requestHeader.get("authorization"));
      return peer.answer(request, context);
    },
  });
  const [batchTrackEvents] = router.handlers.filter(({ method }) => method.localName === "batchTrackEvents");
  const handler = (request: NodeRequest, response: NodeResponse) => {
    const answering = batchTrackEvents!(universalRequestFromNodeRequest(request, response, undefined, undefined));
    // Writing fails where the test has cut the connection.
    answering.then((answer) => universalResponseToNodeResponse(answer, response)).catch(() => response.destroy());
  };
  const server = http2 ? createHttp2Server(handler) : createServer(handler);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const peer: IngestPeer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    batches: [],
    authorizations: [],
    answer: ({ events }) => ({ results: events.map(accepted) }),
    cut,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
  return peer;
}

export function accepted({ id, timestamp }: Event): Result {
  return { result: { case: "accepted", value: { id, timestamp, receiveTime: timestampFromMs(0) } } };
}

/** A refusal, with a violation of the field at this place in the batch. */
export function refused(code: number, reason: string, index: number): Result {
  const field = `events[${index}].name`;
  const details = [
    anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason, domain: "ocellus.dev" })),
    anyPack(
      BadRequestSchema,
      create(BadRequestSchema, { fieldViolations: [{ field, description: "must not be empty" }] }),
    ),
  ];
  const value = create(StatusSchema, { code, message: `${field}: must not be empty`, details });
  return { result: { case: "refused", value } };
}

// A process of its own: answers what it is sent, by grpc-js with mTLS as ingest has it, and by connect-node as JSON over HTTP.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Server } from "@grpc/grpc-js";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { CertificateFiles } from "@ocellus/runtime/certificate-files.ts";
import { serverCredentials } from "@ocellus/runtime/tls.ts";

const [, , ca, cert, key] = process.argv as unknown as [string, string, string, string, string];
const asItIs = (bytes: Buffer) => bytes;

const grpc = new Server({ "grpc-node.flow_control_window": 8 * 1024 * 1024 });
const definition = {
  path: "/ocellus.ingest.v1.IngestService/TrackEvent",
  requestStream: false,
  responseStream: false,
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
} as const;
grpc.addService(
  { trackEvent: definition },
  {
    trackEvent: (call: { request: Buffer }, answer: (error: null, bytes: Buffer) => void) => answer(null, call.request),
  },
);
const grpcPort = await new Promise<number>((resolve, reject) => {
  grpc.bindAsync("127.0.0.1:0", serverCredentials(new CertificateFiles({ ca, cert, key })), (error, port) =>
    error ? reject(error) : resolve(port),
  );
});

const handler = connectNodeAdapter({
  routes: (router) => {
    router.service(IngestService, { trackEvent: ({ event }) => (event ? { event } : {}) });
  },
});
const http = createServer(handler).listen(0, "127.0.0.1", () => {
  const { port } = http.address() as AddressInfo;
  process.send!({ result: { grpcPort, httpPort: port } });
});

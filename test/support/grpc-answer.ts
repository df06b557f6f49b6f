import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { type Client, type ClientReadableStream, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ErrorInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";

/** A method as it goes over the wire, and an encoded request to it. */
export interface RawMethod {
  path: string;
  kind: "unary" | "server_streaming" | "bidi_streaming";
  request: Buffer;
}

const asIs = (bytes: Buffer) => bytes;

/** What the first answer to a call is: "OK", the code and the reason of an error, or "no connection". */
export function answerTo(client: Client, { path, kind, request }: RawMethod, headers: Record<string, string> = {}) {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const options = { deadline: Date.now() + 10_000 };
  const { promise, resolve } = Promise.withResolvers<string>();
  const settle = (error: ServiceError | null) => resolve(error ? failureOf(error) : "OK");
  if (kind === "unary") {
    client.makeUnaryRequest(path, asIs, asIs, request, metadata, options, settle);
    return promise;
  }
  const first = (stream: ClientReadableStream<Buffer>) => {
    stream.on("error", settle).on("end", () => settle(null));
    stream.once("data", () => {
      settle(null);
      stream.cancel();
    });
  };
  if (kind === "server_streaming") first(client.makeServerStreamRequest(path, asIs, asIs, request, metadata, options));
  else {
    const stream = client.makeBidiStreamRequest(path, asIs, asIs, metadata, options);
    first(stream);
    stream.write(request);
    stream.end();
  }
  return promise;
}

function failureOf({ code, metadata }: ServiceError): string {
  const [trailer] = metadata.get("grpc-status-details-bin");
  // What comes from the transport has a code alone.
  if (!trailer) return code === status.UNAVAILABLE ? "no connection" : Code[code]!;
  const { details } = fromBinary(StatusSchema, trailer as Buffer);
  const info = details.map((detail) => anyUnpack(detail, ErrorInfoSchema)).find(Boolean);
  return `${Code[code]} ${info?.reason}`;
}

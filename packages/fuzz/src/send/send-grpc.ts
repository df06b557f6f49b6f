import type { DescMethod } from "@bufbuild/protobuf";
import { type Client, status as codes, Metadata, type ServiceError } from "@grpc/grpc-js";
import { definitionOf } from "@ocellus/runtime/grpc-service.ts";
import { ANSWERS_WITHIN_MS, type Answer, NO_ANSWER } from "../judge.ts";

/** A stream that has answered nothing for so long waits for what is to come. */
const STREAM_WAITS_MS = 300;

/** What is sent as one call. */
export interface GrpcCall {
  method: DescMethod;
  /** One for each message; of more than one only a streaming method takes all. */
  requests: Uint8Array[];
  metadata: [key: string, value: string][];
}

/** Makes a call with these bytes, whatever they are. */
export function sendGrpc(client: Client, { method, requests, metadata: pairs }: GrpcCall): Promise<Answer> {
  const { path, requestSerialize, responseDeserialize } = definitionOf(method);
  const metadata = new Metadata();
  for (const [key, value] of pairs) metadata.set(key, value);
  const first = Buffer.from(requests[0] ?? []);
  const deadline = { deadline: Date.now() + ANSWERS_WITHIN_MS };
  const { promise, resolve } = Promise.withResolvers<Answer>();
  if (method.methodKind === "unary") {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, first, metadata, deadline, (error) =>
      resolve(error ? failure(error) : OK),
    );
    return promise;
  }
  const isBidi = method.methodKind === "bidi_streaming";
  const duplex = isBidi
    ? client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, deadline)
    : undefined;
  const stream =
    duplex ?? client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, first, metadata, deadline);
  const timer = setTimeout(() => stream.cancel(), isBidi ? ANSWERS_WITHIN_MS : STREAM_WAITS_MS);
  stream.on("data", () => {
    if (!isBidi) stream.cancel();
  });
  stream.on("error", (error: ServiceError) => {
    clearTimeout(timer);
    resolve(failure(error));
  });
  stream.on("end", () => {
    clearTimeout(timer);
    resolve(OK);
  });
  for (const request of duplex ? requests : []) duplex!.write(Buffer.from(request));
  duplex?.end();
  return promise;
}

const OK: Answer = { status: "OK", failed: false, text: "" };

function failure({ code, details, metadata }: ServiceError): Answer {
  if (code === codes.DEADLINE_EXCEEDED) return { status: NO_ANSWER, failed: true, text: details };
  const told = Object.values(metadata?.getMap() ?? {}).map((value) => Buffer.from(value).toString("latin1"));
  return { status: codes[code] ?? String(code), failed: true, text: [details, ...told].join("\n") };
}

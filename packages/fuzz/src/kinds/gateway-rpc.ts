import { Agent } from "node:http";
import type { DescMethod } from "@bufbuild/protobuf";
import fc from "fast-check";
import { METHODS } from "../contract.ts";
import { encodedMessages } from "../inputs/messages.ts";
import { mutated } from "../inputs/mutate.ts";
import { texts } from "../inputs/nasty.ts";
import { jsonBytes, messageJsons } from "../inputs/request-json.ts";
import { type HttpRequest, sendHttp } from "../send/send-http.ts";
import type { Http2Client } from "../send/send-http2.ts";
import type { Kind, Surroundings } from "./kind.ts";

/** How a body travels: bare, in an envelope with flags and length, or that as base64. */
type Form = "bare" | "envelope" | "base64";

const TYPES: { type: string; form: Form; isJson: boolean }[] = [
  { type: "application/json", form: "bare", isJson: true },
  { type: "application/proto", form: "bare", isJson: false },
  { type: "application/connect+json", form: "envelope", isJson: true },
  { type: "application/connect+proto", form: "envelope", isJson: false },
  { type: "application/grpc-web", form: "envelope", isJson: false },
  { type: "application/grpc-web+proto", form: "envelope", isJson: false },
  { type: "application/grpc-web+json", form: "envelope", isJson: true },
  { type: "application/grpc-web-text", form: "base64", isJson: false },
  { type: "application/grpc", form: "envelope", isJson: false },
  { type: "application/grpc+proto", form: "envelope", isJson: false },
  { type: "application/grpc+json", form: "envelope", isJson: true },
];

const HEADERS: [string, string[]][] = [
  ["connect-protocol-version", ["1", "2", "x"]],
  ["connect-timeout-ms", ["1", "0", "-5", "99999999999", "x"]],
  ["connect-content-encoding", ["gzip", "br", "nonsense"]],
  ["grpc-timeout", ["1n", "100m", "99999999H", "-1S", "x", "1"]],
  ["grpc-encoding", ["gzip", "br", "identity", "nonsense"]],
  ["content-encoding", ["gzip", "br", "identity", "nonsense"]],
  ["content-type", ["application/grpc+thrift", "application/connect+xml", "text/html", ""]],
  ["ocellus-namespaces", ["%ff", "*", "a,b"]],
];

interface Input extends HttpRequest {
  http2: boolean;
}

/** Calls of every method at the gateway, as Connect, gRPC-Web and gRPC, in Protocol Buffers and JSON, over HTTP/1.1 and HTTP/2. */
export function gatewayKind({ known, ports, token }: Surroundings, http2: Http2Client): Kind<Input> {
  const text = texts(known);
  const agent = new Agent({ keepAlive: true });
  const header = fc.oneof(...HEADERS.map(([name, values]) => fc.tuple(fc.constant(name), fc.constantFrom(...values))));
  const headers = fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(header, { maxLength: 2 }) },
  );
  const callOf = (method: DescMethod): fc.Arbitrary<Input> => {
    const whole = encodedMessages(method.input, text);
    const binary = fc.oneof(
      { weight: 3, arbitrary: whole },
      { weight: 4, arbitrary: mutated(whole) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }) },
    );
    const json = jsonBytes(messageJsons(method.input, text));
    const ofType = TYPES.map(({ type, form, isJson }) => {
      const sound = fc.array(isJson ? json : binary, { minLength: 1, maxLength: form === "bare" ? 1 : 2 });
      const formed = sound.map((bodies) => inForm(form, bodies));
      return fc.record({
        method: fc.oneof({ weight: 30, arbitrary: fc.constant("POST") }, fc.constantFrom("GET", "PUT")),
        path: fc.constant(`/${method.parent.typeName}/${method.name}`),
        headers: headers.map((pairs) => ({ "content-type": type, ...Object.fromEntries(pairs) })),
        body: fc.oneof({ weight: 8, arbitrary: formed }, { weight: 1, arbitrary: mutated(formed) }),
        http2: type.startsWith("application/grpc") ? fc.boolean() : fc.constant(false),
      });
    });
    return fc.oneof(...ofType);
  };
  return {
    name: "gateway: Connect, gRPC-Web, gRPC",
    share: 20,
    parallel: 3,
    inputs: fc.oneof(...METHODS.map(callOf)),
    async send({ http2: overHttp2, ...request }) {
      const headers = { authorization: `Bearer ${await token()}`, ...request.headers };
      const call = { ...request, headers };
      return overHttp2 ? http2.send(call) : sendHttp(agent, ports.gateway, call);
    },
  };
}

function inForm(form: Form, bodies: readonly Uint8Array[]): Uint8Array {
  if (form === "bare") return bodies[0]!;
  const enveloped = Buffer.concat(bodies.map(envelope));
  return form === "envelope" ? enveloped : Buffer.from(enveloped.toString("base64"));
}

function envelope(body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

import { Agent } from "node:http";
import type { DescMethod } from "@bufbuild/protobuf";
import fc from "fast-check";
import { methodNamed } from "../contract.ts";
import { mutatedText } from "../inputs/mutate.ts";
import { texts } from "../inputs/nasty.ts";
import { jsonBytes, messageJsons } from "../inputs/request-json.ts";
import { type HttpRequest, sendHttp } from "../send/send-http.ts";
import type { Kind, RouteLine, Surroundings } from "./kind.ts";

/** What the plain dialect calls the fields of events, sessions and persons, and its parameters. */
const PLAIN_NAMES = [
  ..."id namespace channel_id name event_type category session_id session person_id visitor_id timestamp value data url".split(
    " ",
  ),
  ..."email firstName lastName role page pageSize limit offset from to tsMin tsMax granularity aggregationType".split(
    " ",
  ),
];

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];

/** Headers that matter, with values that are right, wrong, or too much. */
const HEADERS: [name: string, values: (string | string[])[]][] = [
  [
    "content-type",
    [
      "application/json",
      "application/json; charset=utf-16",
      'application/json;charset="utf-8"',
      "text/plain",
      "application/x-www-form-urlencoded",
      ";",
      ["application/json", "text/html"],
      "multipart/form-data; boundary=x",
    ],
  ],
  ["content-encoding", ["gzip", "br", "identity", "deflate", "nonsense", ["gzip", "gzip"]]],
  ["accept", ["*/*", "text/event-stream", "application/xml", ""]],
  ["accept-encoding", ["gzip", "gzip;q=0", "*", ","]],
  ["last-event-id", ["", "x", "e30", "W10"]],
  ["if-none-match", ["*", 'W/"x"', '"']],
  ["origin", ["null", "https://a.example", "x"]],
  ["host", ["", "a b", "[::1", "example.com:99999", "\u00e9"]],
  ["expect", ["100-continue", "200-nothing"]],
  ["x-forwarded-for", ["1.2.3.4", "x", ["1.1.1.1", "2.2.2.2"]]],
  ["x-http-method-override", ["DELETE"]],
  ["cookie", ["a=b; ".repeat(50)]],
];

/** Requests of all REST routes, and of all routes of the plain dialect. */
export function restKinds({ routes, known, ports, token }: Surroundings): Kind<HttpRequest>[] {
  const text = texts(known);
  const agent = new Agent({ keepAlive: true });
  const send = async (request: HttpRequest) => {
    const headers = { authorization: `Bearer ${await token()}`, ...request.headers };
    return sendHttp(agent, ports.gateway, { ...request, headers });
  };
  const plain = fc.dictionary(
    fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...PLAIN_NAMES) }, { weight: 1, arbitrary: text }),
    fc.oneof(text, fc.double({ noNaN: true }), fc.jsonValue({ maxDepth: 2 })),
    { maxKeys: 6 },
  );
  const bodies = new Map<DescMethod, fc.Arbitrary<Uint8Array>>();
  const restBody = (method: DescMethod) => {
    const body = bodies.get(method) ?? jsonBytes(messageJsons(method.input, text));
    bodies.set(method, body);
    return body;
  };
  const of = (lines: readonly RouteLine[], namesOf: (line: RouteLine) => string[], bodyOf: typeof plainBody) =>
    fc.oneof(...lines.map((line) => requests(line, text, namesOf(line), bodyOf(line))));
  const plainBytes = jsonBytes(fc.oneof({ weight: 4, arbitrary: plain }, fc.array(plain, { maxLength: 4 })));
  const plainBody = (_: RouteLine) => plainBytes;
  return [
    {
      name: "REST",
      share: 20,
      parallel: 3,
      inputs: of(
        routes.filter(({ rpc }) => rpc),
        ({ rpc }) => methodNamed(rpc!).input.fields.flatMap(({ name, jsonName }) => [name, jsonName]),
        ({ rpc }) => restBody(methodNamed(rpc!)),
      ),
      send,
    },
    {
      name: "plain dialect",
      share: 10,
      parallel: 2,
      inputs: of(
        routes.filter(({ rpc }) => !rpc),
        () => PLAIN_NAMES,
        plainBody,
      ),
      send,
    },
  ];
}

function requests(
  { method, path }: RouteLine,
  text: fc.Arbitrary<string>,
  names: string[],
  body: fc.Arbitrary<Uint8Array>,
): fc.Arbitrary<HttpRequest> {
  const name = names.length === 0 ? text : fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...names) }, text);
  const parameters = fc
    .array(fc.tuple(name, fc.oneof({ weight: 3, arbitrary: text }, fc.integer().map(String))), { maxLength: 4 })
    .map((pairs) => pairs.map((pair) => pair.map(encoded).join("=")).join("&"));
  const query = fc.oneof({ weight: 4, arbitrary: parameters }, { weight: 1, arbitrary: mutatedText(parameters) });
  const places = path
    .split(/(\{[^}]+\})/)
    .map((part) => (part.startsWith("{") ? text.map(encoded) : fc.constant(part)));
  const whole = fc.tuple(...places).map((parts) => parts.join(""));
  const sent = fc.oneof({ weight: 8, arbitrary: whole }, { weight: 1, arbitrary: mutatedText(whole) });
  const hasBody = ["POST", "PUT", "PATCH"].includes(method);
  const header = fc.oneof(...HEADERS.map(([name, values]) => fc.tuple(fc.constant(name), fc.constantFrom(...values))));
  return (
    fc
      .record({
        method: fc.oneof({ weight: 12, arbitrary: fc.constant(method) }, fc.constantFrom(...METHODS)),
        path: fc.tuple(sent, query).map(([place, query]) => target(query === "" ? place : `${place}?${query}`)),
        headers: fc
          .oneof(
            { weight: 4, arbitrary: fc.constant([]) },
            { weight: 1, arbitrary: fc.array(header, { maxLength: 3 }) },
          )
          .map((pairs) => Object.fromEntries(hasBody ? [["content-type", "application/json"], ...pairs] : pairs)),
        body: hasBody ? body : fc.oneof({ weight: 12, arbitrary: fc.constant(new Uint8Array()) }, body),
      })
      // A client that has no body does not say that it will send one.
      .map((request) => (request.body.length === 0 ? withoutExpect(request) : request))
  );
}

function withoutExpect({ headers: { expect: _, ...headers }, ...request }: HttpRequest): HttpRequest {
  return { ...request, headers };
}

/** As a text stands in a path or a query; what UTF-8 has no form for as bytes that are none. */
export function encoded(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : "%ed%a0%80";
}

/** What Node's client takes for the target of a request: it starts with a slash, and has neither spaces nor line breaks. */
export function target(path: string): string {
  const sendable = path.replace(/[^\x21-\x7e\u00a1-\u00ff]/g, "%");
  return sendable.startsWith("/") ? sendable : `/${sendable}`;
}

import { Agent } from "node:http";
import type { Administrator } from "@ocellus/suite/service-environment.ts";
import fc from "fast-check";
import { mutatedText } from "../inputs/mutate.ts";
import { texts } from "../inputs/nasty.ts";
import { type HttpRequest, sendHttp } from "../send/send-http.ts";
import type { Kind, Surroundings } from "./kind.ts";
import { encoded, target } from "./rest.ts";

const PARAMETERS = [
  "grant_type",
  "scope",
  "resource",
  "client_id",
  "client_secret",
  "client_assertion",
  "client_assertion_type",
  "audience",
];
const VALUES = [
  "client_credentials",
  "authorization_code",
  "refresh_token",
  "read write",
  "openid",
  "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
];

/** Bearer tokens that were changed, and requests for tokens. */
export async function tokenKinds(
  { known, ports, token }: Surroundings,
  { id, secret }: Administrator,
): Promise<Kind<HttpRequest>[]> {
  const agent = new Agent({ keepAlive: true });
  const text = texts(known);
  const jwt = fc.constant(await token());
  const part = fc.oneof(
    text.map(inBase64),
    fc.jsonValue().map((json) => inBase64(JSON.stringify(json))),
    fc.constant(inBase64('{"alg":"none"}')),
  );
  const bearer = fc.oneof(
    { weight: 4, arbitrary: mutatedText(jwt) },
    {
      weight: 2,
      arbitrary: fc.tuple(jwt, part, fc.nat(2)).map(([token, part, index]) => withPart(token, part, index)),
    },
    { weight: 1, arbitrary: fc.array(part, { maxLength: 5 }).map((parts) => parts.join(".")) },
    { weight: 1, arbitrary: text },
  );
  const scheme = fc.constantFrom("Bearer ", "bearer  ", "Basic ", "DPoP ", "");
  const calls = fc.record({
    method: fc.constant("GET"),
    path: fc.constantFrom("/v1/events", "/events/", "/v1/clients", "/v1/audit"),
    headers: fc.tuple(scheme, bearer).map(([scheme, token]) => ({ authorization: inHeader(scheme + token) })),
    body: fc.constant(new Uint8Array()),
  });

  const value = fc.oneof(fc.constantFrom(...VALUES), text);
  const form = fc
    .array(fc.tuple(fc.constantFrom(...PARAMETERS), value), { maxLength: 5 })
    .map((pairs) => ["grant_type=client_credentials", ...pairs.map((pair) => pair.map(encoded).join("="))].join("&"));
  const credentials = fc.oneof(
    fc.tuple(text, text).map(([id, secret]) => `${id}:${secret}`),
    fc.constant(`${id}:${secret}`),
    mutatedText(fc.constant(`${id}:${secret}`)),
  );
  const requests = fc.record({
    method: fc.oneof({ weight: 9, arbitrary: fc.constant("POST") }, fc.constantFrom("GET", "PUT", "OPTIONS")),
    path: fc.oneof(
      { weight: 8, arbitrary: fc.constant("/oauth2/token") },
      fc.constantFrom("/.well-known/jwks.json", "/.well-known/openid-configuration"),
      mutatedText(fc.constant("/oauth2/token?a=b")).map(target),
    ),
    headers: fc
      .tuple(credentials, fc.constantFrom("application/x-www-form-urlencoded", "application/json", "text/plain", ";"))
      .map(([pair, type]) => ({
        authorization: `Basic ${Buffer.from(pair).toString("base64")}`,
        "content-type": type,
      })),
    body: fc.oneof(form, mutatedText(form)).map((text) => Buffer.from(text)),
  });

  const send = (request: HttpRequest) => sendHttp(agent, ports.gateway, request);
  return [
    { name: "bearer tokens", share: 6, parallel: 1, inputs: calls, send },
    { name: "token requests", share: 2, parallel: 1, inputs: requests, send },
  ];
}

function withPart(token: string, part: string, index: number): string {
  return token
    .split(".")
    .map((own, at) => (at === index ? part : own))
    .join(".");
}

const inBase64 = (text: string) => Buffer.from(text).toString("base64url");

/** What Node's client takes for the value of a header. */
function inHeader(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 8000);
}

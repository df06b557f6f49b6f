import { Agent } from "node:http";
import fc from "fast-check";
import { mutatedText } from "../inputs/mutate.ts";
import { texts } from "../inputs/nasty.ts";
import { sendHttp } from "../send/send-http.ts";
import type { Kind, Surroundings } from "./kind.ts";
import { encoded, target } from "./rest.ts";

interface Input {
  path: string;
  parameter: string;
  token: string;
}

/** Page tokens and resume tokens: changed, of other queries, and such as nobody was ever given. */
export function pageKind({ pages, known, ports, token }: Surroundings): Kind<Input> {
  const agent = new Agent({ keepAlive: true });
  const text = texts(known);
  const real = fc.constantFrom(...pages.map((page) => page.token));
  const inputs = pages.map(({ path, parameter, token: own }) =>
    fc.record({
      path: fc.constant(path),
      parameter: fc.constant(parameter),
      token: fc.oneof(
        { weight: 1, arbitrary: real },
        { weight: 3, arbitrary: mutatedText(fc.constant(own)) },
        { weight: 3, arbitrary: mutatedText(fc.constant(Buffer.from(own, "base64url").toString())).map(inBase64) },
        { weight: 6, arbitrary: refilled(own, text) },
        { weight: 1, arbitrary: fc.base64String({ maxLength: 100 }) },
        { weight: 1, arbitrary: text },
      ),
    }),
  );
  return {
    name: "page tokens",
    share: 8,
    parallel: 2,
    inputs: fc.oneof(...inputs),
    async send({ path, parameter, token: page }) {
      const headers = { authorization: `Bearer ${await token()}` };
      const query = `${path.includes("?") ? "&" : "?"}${parameter}=${encoded(page)}`;
      return sendHttp(agent, ports.gateway, {
        method: "GET",
        path: target(path + query),
        headers,
        body: new Uint8Array(),
      });
    },
  };
}

/** A token that is JSON with other texts in it, the first left alone: that is what binds it to its query. */
function refilled(token: string, text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const decoded = Buffer.from(token, "base64url").toString();
  const parts: unknown = isJson(decoded) ? JSON.parse(decoded) : undefined;
  if (!Array.isArray(parts)) return mutatedText(fc.constant(token));
  const part = (own: unknown) =>
    fc.oneof(fc.constant(own), text, fc.bigInt().map(String), fc.constantFrom(1, null, [], {}));
  const values = fc.tuple(...parts.slice(1).map(part));
  return fc
    .tuple(values, fc.array(text, { maxLength: 1 }))
    .map(([values, more]) => inBase64(JSON.stringify([parts[0], ...values, ...more])));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const inBase64 = (text: string) => Buffer.from(text).toString("base64url");

import { fetch } from "./fetch-with-token.ts";

// biome-ignore lint/suspicious/noExplicitAny: what a gateway answered is looked at as any client would
export type Json = any;

/** What a gateway answered; without a body, `body` is undefined. */
export interface Answer {
  status: number;
  body: Json;
}

/** Calls a gateway with a JSON body, or none, with this token or one that counts. */
export async function callGateway(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  token?: string,
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

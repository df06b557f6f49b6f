import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a token endpoint is to answer; undefined for a connection that is cut. */
export type TokenAnswer = { status: number; body: object } | undefined;

/** A server that answers token requests as it is told, one after the other, the last again and again. */
export interface TokenEndpoint extends AsyncDisposable {
  url: string;
  /** What it was asked: the credentials and the form. */
  asked: { authorization: string; form: Record<string, string> }[];
  answers: TokenAnswer[];
}

/** A good answer. */
export function issued(access_token: string, expires_in = 600): TokenAnswer {
  return { status: 200, body: { access_token, expires_in, token_type: "Bearer" } };
}

export async function startTokenEndpoint(...answers: TokenAnswer[]): Promise<TokenEndpoint> {
  const asked: TokenEndpoint["asked"] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const form = Object.fromEntries(new URLSearchParams(text));
    asked.push({ authorization: String(request.headers.authorization), form });
    const answer = endpoint.answers.length > 1 ? endpoint.answers.shift() : endpoint.answers[0];
    if (!answer) return void request.socket.destroy();
    response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint: TokenEndpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return endpoint;
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider } from "oidc-provider";
import type { HttpRequest, HttpResponse } from "../http/node-http.ts";
import { targetOf } from "../http/request-target.ts";
import { respond, respondError } from "../http/respond.ts";
import type { CallNote } from "../metrics.ts";
import { answerOtherMethod } from "../rest/answer-other-method.ts";
import { statusOf } from "../upstream-status.ts";
import { PATHS } from "./paths.ts";
import type { LoadedKey } from "./signing-keys.ts";
import { type IssuerOptions, providerOf } from "./token-endpoint.ts";

/** Where tokens are issued, and told about. */
export interface Issuer {
  /** Whether a request is for it. */
  takes(request: HttpRequest): boolean;
  serve(request: HttpRequest, response: HttpResponse, note: CallNote): Promise<void>;
}

const ROUTES = new Map<string, string>([
  [PATHS.token, "POST"],
  [PATHS.jwks, "GET"],
  ...PATHS.discovery.map((path) => [path, "GET"] as const),
]);

/** Issues tokens, and publishes the keys by which anybody can verify them. */
export function openIssuer(keys: () => readonly LoadedKey[], options: IssuerOptions): Issuer {
  let provider: Provider | undefined;
  let providerKeys: readonly LoadedKey[] = [];
  /** The library takes its keys once: with others it is another one, which is cheap, as it keeps nothing. */
  const current = () => {
    if (!provider || providerKeys !== keys()) {
      providerKeys = keys();
      provider = providerOf(providerKeys, options);
    }
    return provider;
  };
  return {
    takes: (request) => ROUTES.has(targetOf(request).path),
    async serve(request, response, note) {
      const { path } = targetOf(request);
      const method = ROUTES.get(path)!;
      note.route = `${method} ${path}`;
      try {
        const taken = method === "GET" ? ["GET", "HEAD"] : [method];
        if (!taken.includes(request.method ?? "")) {
          return answerOtherMethod(request, response, path, [...taken, "OPTIONS"]);
        }
        const waitMs = path === PATHS.token ? options.limits.waitMs() : 0;
        if (waitMs > 0) return answerLater(response, waitMs);
        await current().callback()(request as IncomingMessage, response as ServerResponse);
      } catch (error) {
        respondError(response, statusOf(error, options.log));
      }
    },
  };
}

/** As RFC 6749 has it, since nobody who asks for tokens knows other errors. */
function answerLater(response: HttpResponse, waitMs: number): void {
  response.setHeader("retry-after", Math.ceil(waitMs / 1000));
  respond(response, 429, {
    error: "temporarily_unavailable",
    error_description: "too many ask for tokens; try again later",
  });
}

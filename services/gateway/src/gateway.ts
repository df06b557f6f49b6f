import type { RateLimit } from "@ocellus/runtime/rate-limit.ts";
import type { Logger } from "pino";
import { Authenticator, type Verify } from "./access/authenticate.ts";
import { guard } from "./access/guard.ts";
import { Leases } from "./access/leases.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import { refusalKeeper } from "./event-errors/keep-refused.ts";
import { SwiftEvents } from "./events/swift-events.ts";
import type { BodyLimits } from "./http/body-limits.ts";
import { releaseWhenAnswered } from "./http/bytes-in-hand.ts";
import { type HttpHandler, type HttpRequest, isGone } from "./http/node-http.ts";
import { shareWithOrigins } from "./http/share-with-origins.ts";
import type { Issuer } from "./issuer/issuer.ts";
import { type CallNote, NO_ROUTE } from "./metrics.ts";
import { observe } from "./observe-request.ts";
import { isPlain, servePlain } from "./plain/serve-plain.ts";
import { routesOf } from "./rest/routes.ts";
import { serveRest } from "./rest/serve-rest.ts";
import { protocolOf, serveRpc } from "./rpc/serve-rpc.ts";
import type { Upstream } from "./upstreams.ts";

/** All contract packages start so, and no REST route does. */
const RPC_PREFIX = "/ocellus.";

/** What the gateway is made of. */
export interface GatewayParts {
  upstreams: readonly Upstream[];
  /** Says whose a token is. */
  verify: Verify;
  audit: AuditLog;
  /** How often each client may call, by the key of its principal. */
  callLimit: RateLimit;
  bodyLimits: BodyLimits;
  /** Undefined where all tokens are issued elsewhere. */
  issuer?: Issuer;
  log: Logger;
  /** Whose pages may call it from a browser. */
  origins: readonly string[];
}

/**
 * The one door from outside: Connect, gRPC-Web and gRPC by the RPCs' own paths, the plain dialect by its own, tokens, and REST by all others.
 * Behind it nothing is answered without a token but where tokens are got and what the API is.
 */
export function gateway({
  upstreams,
  verify,
  audit,
  callLimit,
  bodyLimits,
  issuer,
  log,
  origins,
}: GatewayParts): HttpHandler {
  const guarding = { audit, leases: new Leases(), limit: callLimit };
  const guarded = upstreams.map((upstream) => guard(upstream, guarding));
  const share = shareWithOrigins(origins);
  const authenticator = new Authenticator(verify, callLimit);
  const door = { authenticator, keep: refusalKeeper(upstreams, log), limits: bodyLimits, log };
  const rpc = serveRpc(guarded, door);
  const rest = serveRest(routesOf(guarded), new SwiftEvents(upstreams), door);
  const plain = servePlain(guarded, door);
  const doorOf = (request: HttpRequest) => {
    if (request.url?.startsWith(RPC_PREFIX)) return { serve: rpc, protocol: protocolOf(request) };
    if (issuer?.takes(request)) return { serve: issuer.serve, protocol: "oauth2" as const };
    return isPlain(request) ? { serve: plain, protocol: "plain" as const } : { serve: rest, protocol: "rest" as const };
  };
  return (request, response) => {
    const { serve, protocol } = doorOf(request);
    const note: CallNote = { route: NO_ROUTE, protocol };
    const span = observe(request, response, note, log);
    releaseWhenAnswered(request, response);
    // A client that is gone is no fault: its signal has cancelled the call.
    response.on("error", () => {});
    const answer = () =>
      serve(request, response, note).catch((error) => {
        // Nobody can be answered who is gone.
        const level = isGone(response) ? "debug" : "error";
        log[level]({ err: error, route: note.route }, "a request could not be answered");
        response.destroy();
      });
    share(request, response, () => void (span ? span.run(answer) : answer()));
  };
}

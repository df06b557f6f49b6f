import type { Logger } from "pino";
import { refusalKeeper } from "./event-errors/keep-refused.ts";
import { SwiftEvents } from "./events/swift-events.ts";
import { releaseWhenAnswered } from "./http/bytes-in-hand.ts";
import type { HttpHandler, HttpRequest } from "./http/node-http.ts";
import { shareWithOrigins } from "./http/share-with-origins.ts";
import { type CallNote, observe } from "./metrics.ts";
import { isPlain, servePlain } from "./plain/serve-plain.ts";
import { routesOf } from "./rest/routes.ts";
import { serveRest } from "./rest/serve-rest.ts";
import { protocolOf, serveRpc } from "./rpc/serve-rpc.ts";
import type { Upstream } from "./upstreams.ts";

/** All contract packages start so, and no REST route does. */
const RPC_PREFIX = "/ocellus.";

/**
 * The one door from outside: Connect, gRPC-Web and gRPC by the RPCs' own paths, the plain dialect by its own, REST by all others.
 *
 * @param origins whose pages may call it from a browser
 */
export function gateway(upstreams: readonly Upstream[], log: Logger, origins: readonly string[]): HttpHandler {
  const share = shareWithOrigins(origins);
  const keep = refusalKeeper(upstreams, log);
  const rpc = serveRpc(upstreams, keep, log);
  const rest = serveRest(routesOf(upstreams), new SwiftEvents(upstreams), keep, log);
  const plain = servePlain(upstreams, keep, log);
  const doorOf = (request: HttpRequest) => {
    if (request.url?.startsWith(RPC_PREFIX)) return { serve: rpc, protocol: protocolOf(request) };
    return isPlain(request) ? { serve: plain, protocol: "plain" as const } : { serve: rest, protocol: "rest" as const };
  };
  return (request, response) => {
    const { serve, protocol } = doorOf(request);
    const note: CallNote = { route: "none", protocol };
    observe(response, note, log);
    releaseWhenAnswered(request, response);
    // A client that is gone is no fault: its signal has cancelled the call.
    response.on("error", () => {});
    share(request, response, () => {
      serve(request, response, note).catch((error) => {
        log.error({ err: error, route: note.route }, "a request could not be answered");
        response.destroy();
      });
    });
  };
}

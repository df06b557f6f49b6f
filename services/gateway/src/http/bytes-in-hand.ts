import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import { Gauge } from "prom-client";
import type { HttpRequest, HttpResponse } from "./node-http.ts";

const RETRY_AFTER_MS = 1000;

const held = new WeakMap<HttpRequest, number>();
/** The requests that are answered: what still comes of one would stay in hand for ever. */
const released = new WeakSet<HttpRequest>();
let inHand = 0;

new Gauge({
  name: "ocellus_gateway_bytes_in_hand",
  help: "Bytes of the bodies of requests that are not answered yet.",
  collect() {
    this.set(inHand);
  },
});

/** Lets go of a request's bytes once it is answered, or its client gone. To be called before anything of it is read. */
export function releaseWhenAnswered(request: HttpRequest, response: HttpResponse): void {
  response.once("close", () => {
    inHand -= held.get(request) ?? 0;
    held.delete(request);
    released.add(request);
  });
}

/** Takes bytes of a request in hand. Answers RESOURCE_EXHAUSTED, and takes none, where all requests would have more than `max`. */
export function hold(request: HttpRequest, bytes: number, max: number): ServiceError | undefined {
  if (released.has(request)) return undefined;
  if (inHand + bytes > max) return overloaded();
  inHand += bytes;
  held.set(request, (held.get(request) ?? 0) + bytes);
  return undefined;
}

function overloaded(): ServiceError {
  const message = "The gateway has too many requests in hand, and nothing of this one was taken; try again later";
  return new ServiceError(message, {
    code: Code.RESOURCE_EXHAUSTED,
    reason: ErrorReason.OVERLOADED,
    retryAfterMs: RETRY_AFTER_MS,
  });
}

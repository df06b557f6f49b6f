import type { Http2Session } from "node:http2";
import type { ServerUnaryCall } from "@grpc/grpc-js";

/** The domain of the names by which peers of the suite know each other: `gateway.ocellus` is the gateway. */
const TRUST_DOMAIN = ".ocellus";

/** To read a certificate costs as much as a whole call. It stays the same for as long as a connection. */
const names = new WeakMap<Http2Session, string>();

type Certified = Pick<ServerUnaryCall<unknown, unknown>, "getAuthContext">;

/** The name of the peer: the first DNS name of the suite's domain in its certificate, without the domain; empty without. */
export function peerNameOf(call: Certified): string {
  const session = sessionOf(call);
  const known = session && names.get(session);
  if (known !== undefined) return known;
  const name = nameIn(call.getAuthContext());
  if (session) names.set(session, name);
  return name;
}

/** The name of the peer of a connection; undefined while it has made no call. */
export function knownNameOf(session: Http2Session): string | undefined {
  return names.get(session);
}

function nameIn({ sslPeerCertificate }: ReturnType<Certified["getAuthContext"]>): string {
  // Node quotes a name that holds a comma, so that no name can pass for two.
  const entries = sslPeerCertificate?.subjectaltname?.split(", ") ?? [];
  const own = entries.find((entry) => entry.startsWith("DNS:") && entry.endsWith(TRUST_DOMAIN));
  return own?.slice("DNS:".length, -TRUST_DOMAIN.length) ?? "";
}

/** What grpc-js keeps to itself: the call that a call wraps, and the stream of the innermost. */
interface Wrapping {
  call?: Wrapping;
  nextCall?: Wrapping;
  stream?: { session?: Http2Session };
}

/** The connection of a call; undefined where grpc-js has it elsewhere than in the version that this was written for. */
function sessionOf(call: object): Http2Session | undefined {
  let inner: Wrapping | undefined = call as Wrapping;
  while (inner && !inner.stream) inner = inner.call ?? inner.nextCall;
  return inner?.stream?.session;
}

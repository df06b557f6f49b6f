import type { PeerCertificate } from "node:tls";
import type { ServerUnaryCall } from "@grpc/grpc-js";

/** Who calls a service. */
export interface Caller {
  /** The name in its certificate: the common name, or else the first DNS name; empty where it has neither. */
  name: string;
  /** Its network address, without a port. */
  address: string;
  /** What it tells besides its request; undefined where it does not tell that. */
  told(key: string): string | undefined;
}

type Call = Pick<ServerUnaryCall<unknown, unknown>, "getPeer" | "getAuthContext" | "metadata">;

/** The caller of a call. */
export function callerOf(call: Call): Caller {
  const certificate = call.getAuthContext().sslPeerCertificate;
  return {
    name: certificate ? nameIn(certificate) : "",
    address: call.getPeer().replace(/:\d+$/, ""),
    told(key) {
      const [value] = call.metadata.get(key);
      return value === undefined ? undefined : String(value);
    },
  };
}

function nameIn({ subject, subjectaltname = "" }: PeerCertificate): string {
  // A certificate may have several common names.
  const commonName = [subject?.CN ?? []].flat()[0];
  return commonName ?? /(?:^|, )DNS:([^,]+)/.exec(subjectaltname)?.[1] ?? "";
}

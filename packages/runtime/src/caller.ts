import type { ServerUnaryCall } from "@grpc/grpc-js";
import { peerNameOf } from "./peer-name.ts";

/** Who calls a service. */
export interface Caller {
  /** The name of the peer in its certificate, such as `gateway`; empty where it has none of the suite. */
  name: string;
  /** Its network address, without a port. */
  address: string;
  /** What it tells besides its request; undefined where it does not tell that. */
  told(key: string): string | undefined;
}

type Call = Pick<ServerUnaryCall<unknown, unknown>, "getPeer" | "getAuthContext" | "metadata">;

/** The caller of a call. */
export function callerOf(call: Call): Caller {
  return {
    get name() {
      return peerNameOf(call);
    },
    address: call.getPeer().replace(/:\d+$/, ""),
    told(key) {
      const [value] = call.metadata.get(key);
      return value === undefined ? undefined : String(value);
    },
  };
}

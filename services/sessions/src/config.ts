import { addressOf, commonVariables, duration, stateVariables } from "@ocellus/runtime/config.ts";
import { grpcLimits } from "@ocellus/runtime/limit-variables.ts";
import { traceVariables } from "@ocellus/runtime/trace-variables.ts";
import { closingRules } from "./session-rules.ts";

/** Every environment variable that the sessions service reads. */
export const variables = {
  ...commonVariables,
  ...stateVariables,
  ...grpcLimits,
  ...traceVariables,
  INGEST_ADDRESS: addressOf("ingest"),
  SESSION_IDLE_TIMEOUT: duration({
    default: 30 * 60_000,
    desc: "how long a person may be idle within one session, such as 30m; all replicas need the same",
  }),
  SESSION_CLOSING: closingRules({
    default: [],
    desc: "what closes the sessions of which namespaces, such as shop-*=daily,*=idle; all replicas need the same",
  }),
};

import { commonVariables, duration, stateVariables, wholeNumber } from "@ocellus/runtime/config.ts";
import { grpcLimits } from "@ocellus/runtime/limit-variables.ts";
import { traceVariables } from "@ocellus/runtime/trace-variables.ts";

/** Every environment variable that the aggregation service reads. */
export const variables = {
  ...commonVariables,
  ...stateVariables,
  ...grpcLimits,
  ...traceVariables,
  MATERIALISE_EVERY: duration({ default: 10_000, desc: "how often dirty buckets are computed anew, such as 10s" }),
  ROLLUP_RETENTION: duration({
    default: undefined,
    desc: "how long at least rollups of events that are gone are kept, by whole days in UTC; for ever by default",
  }),
  SCAN_LIMIT_ROWS: wholeNumber(
    1,
    1_000_000_000,
  )({
    default: 2_000_000,
    desc: "from how many events a query may be answered at most, where rollups do not do",
  }),
  EXACT_PERCENTILES_UP_TO: wholeNumber(
    0,
    1_000_000_000,
  )({
    default: 100_000,
    desc: "of how many values in the window percentiles are exact; those of more are estimated",
  }),
};

import { commonVariables, duration, stateVariables } from "@ocellus/runtime/config.ts";

/** Every environment variable that the aggregation service reads. */
export const variables = {
  ...commonVariables,
  ...stateVariables,
  MATERIALISE_EVERY: duration({ default: 10_000, desc: "how often dirty buckets are computed anew, such as 10s" }),
};

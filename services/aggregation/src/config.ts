import { commonVariables, stateVariables } from "@ocellus/runtime/config.ts";

/** Every environment variable that the aggregation service reads. */
export const variables = { ...commonVariables, ...stateVariables };

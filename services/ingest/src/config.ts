import { addressOf, commonVariables, duration, stateVariables, wholeNumber } from "@ocellus/runtime/config.ts";
import { grpcLimits } from "@ocellus/runtime/limit-variables.ts";
import { traceVariables } from "@ocellus/runtime/trace-variables.ts";

const MIB = 1024 * 1024;
const maxBytes = wholeNumber(MIB, Number.MAX_SAFE_INTEGER);

/** Every environment variable that the ingest service reads. */
export const variables = {
  ...commonVariables,
  ...stateVariables,
  ...grpcLimits,
  ...traceVariables,
  SESSIONS_ADDRESS: addressOf("sessions"),
  EVENTS_MAX_BYTES: maxBytes({
    default: 1024 * MIB,
    desc: "how many bytes of accepted events may wait to be stored; beyond, new events are refused",
  }),
  EVENT_CHANGES_MAX_BYTES: maxBytes({
    default: 1024 * MIB,
    desc: "how many bytes of changes may wait for sessions and aggregates; beyond, they wait in PostgreSQL",
  }),
  STREAM_REPLICAS: wholeNumber(
    1,
    5,
  )({ default: 1, desc: "how many servers of a NATS cluster hold each stream; with 3 any one of them may be lost" }),
  WATCHERS_MAX: wholeNumber(
    0,
    10_000,
  )({
    default: 100,
    desc: "how many may watch events at once; each holds 4 MiB at most, and twice that while it catches up",
  }),
  EVENT_RETENTION: duration({
    default: undefined,
    desc: "how long at least events are kept, by whole months in UTC; for ever by default",
  }),
  EVENT_ERRORS_KEEP: duration({ default: 30 * 86_400_000, desc: "how long refused events are kept" }),
  EVENT_ERRORS_MAX_BYTES: maxBytes({
    default: 256 * MIB,
    desc: "how many bytes of refused events are kept; beyond, the oldest go",
  }),
  EVENT_ERRORS_QUEUE_MAX_BYTES: maxBytes({
    default: 64 * MIB,
    desc: "how many bytes of refused events may wait to be kept; beyond, the oldest go",
  }),
};

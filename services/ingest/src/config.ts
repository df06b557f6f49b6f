import { address, commonVariables, duration, stateVariables, wholeNumber } from "@ocellus/runtime/config.ts";

const MIB = 1024 * 1024;
const maxBytes = wholeNumber(MIB, Number.MAX_SAFE_INTEGER);

/** Every environment variable that the ingest service reads. */
export const variables = {
  ...commonVariables,
  ...stateVariables,
  SESSIONS_ADDRESS: address({ desc: "where the sessions service serves gRPC, host:port" }),
  EVENTS_MAX_BYTES: maxBytes({
    default: 1024 * MIB,
    desc: "how many bytes of accepted events may wait to be stored; beyond, new events are refused",
  }),
  EVENT_CHANGES_MAX_BYTES: maxBytes({
    default: 1024 * MIB,
    desc: "how many bytes of changes may wait for sessions and aggregates; beyond, they wait in PostgreSQL",
  }),
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

import type { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Counter, Gauge } from "prom-client";
import { reasonName } from "./errors/insert-errors.ts";

const accepted = new Counter({ name: "ocellus_events_accepted_total", help: "Events that were accepted." });
const refused = new Counter({
  name: "ocellus_events_refused_total",
  help: "Events that were refused, by reason.",
  labelNames: ["reason"],
});
const stored = new Counter({ name: "ocellus_events_stored_total", help: "Events that were stored." });
const duplicates = new Counter({
  name: "ocellus_events_duplicate_total",
  help: "Accepted events that were stored already.",
});
const failed = new Counter({ name: "ocellus_events_failed_total", help: "Accepted events that became an error." });

const cutOff = new Counter({ name: "ocellus_watchers_cut_off_total", help: "Watchers that were too slow." });

/** How many watch events now. */
export const watchersNow = new Gauge({ name: "ocellus_watchers", help: "Those who watch events now." });

const errorsKept = new Counter({
  name: "ocellus_event_errors_kept_total",
  help: "Refused events that were kept in the error store, by reason.",
  labelNames: ["reason"],
});
const errorsDeleted = new Counter({
  name: "ocellus_event_errors_deleted_total",
  help: "Refused events that were deleted, for their age or because the store was at its bound.",
  labelNames: ["cause"],
});
const errorsLost = new Counter({
  name: "ocellus_event_errors_lost_total",
  help: "Refused events that could not be kept.",
});
const errorsDropped = new Gauge({
  name: "ocellus_event_errors_dropped_messages",
  help: "Messages of refused events that the stream EVENT_ERRORS ever threw away at its bound before they were kept.",
});
const replayed = new Counter({
  name: "ocellus_event_errors_replayed_total",
  help: "Refused events that were replayed and accepted.",
});

const drained = new Counter({
  name: "ocellus_events_drained_total",
  help: "Events that were moved from the default partition to one of their own.",
});
const dropped = new Counter({
  name: "ocellus_events_dropped_total",
  help: "Events that were deleted one by one since they are not kept any longer; most go with their partition.",
});

export const countDrained = (count: number) => drained.inc(count);
export const countDropped = (count: number) => dropped.inc(count);
export const countErrorsKept = (reason: string) => errorsKept.inc({ reason });
export const countErrorsDeleted = (cause: "age" | "bound", count: number) => errorsDeleted.inc({ cause }, count);
export const countErrorsLost = (count: number) => errorsLost.inc(count);
export const tellErrorsDropped = (count: number) => errorsDropped.set(count);
export const countReplayed = (count: number) => replayed.inc(count);
export const countAccepted = (count: number) => accepted.inc(count);
export const countRefused = (reason: ErrorReason, count: number) => refused.inc({ reason: reasonName(reason) }, count);
export const countStored = (count: number) => stored.inc(count);
export const countDuplicates = (count: number) => duplicates.inc(count);
export const countFailed = (count: number) => failed.inc(count);
export const countCutOff = () => cutOff.inc();

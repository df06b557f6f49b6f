import { create, type JsonValue } from "@bufbuild/protobuf";
import { batchProblems } from "@ocellus/event-rules/batch-problems.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { statusJson } from "../../http/respond.ts";
import { Problems, pathOfItem } from "../../json/problems.ts";
import { renameFields } from "../../rename-fields.ts";
import type { PlainAnswer, PlainHandler, PlainRequest } from "../plain-route.ts";
import { readEvent } from "../read-event.ts";
import { eventJson } from "../resources.ts";
import { trackEvent } from "../track-event.ts";

/** Accepts one event, or a list of them, of which each is accepted or refused by itself. */
export const trackEvents: PlainHandler = async (request) => {
  const { body } = request;
  if (Array.isArray(body)) return trackList(request, body);
  return { status: 201, json: eventJson(await trackEvent(request, body!)) };
};

/**
 * Answers 201 with the events where all are accepted, 207 with what became of each where some are. Throws INVALID_ARGUMENT with all
 * that is wrong where none is.
 */
async function trackList({ contract }: PlainRequest, list: JsonValue[]): Promise<PlainAnswer> {
  const [limit] = batchProblems(list.length);
  if (limit) throw invalidArgument([{ field: "body", description: limit }]);
  const read = list.map((item, index) => {
    const problems = new Problems();
    return { ...readEvent(item, pathOfItem("", index), problems), violations: problems.violations };
  });
  const valid = read.filter(({ violations }) => violations.length === 0);
  if (valid.length === 0)
    throw invalidArgument(
      read.flatMap(({ violations }) => violations),
      ErrorReason.INVALID_EVENT,
    );

  const answer = await contract(IngestService.method.batchTrackEvents, { events: valid.map(({ event }) => event) });
  const outcomes = new Map(valid.map((item, index) => [item, answer.results[index]!.result]));
  const results = read.map((item): { accepted: JsonValue } | { refused: JsonValue } => {
    const outcome = outcomes.get(item);
    if (outcome?.case === "accepted") {
      const { id, timestamp, receiveTime } = outcome.value;
      const namespace = item.event.namespace ?? "default";
      return { accepted: eventJson(create(EventSchema, { ...item.event, id, namespace, timestamp, receiveTime })) };
    }
    if (outcome === undefined || outcome.value === undefined) {
      return { refused: statusJson(toStatus(invalidArgument(item.violations, ErrorReason.INVALID_EVENT))) };
    }
    const asSent = (path: string) => item.asSent(path.replace(/^events\[\d+\]\./, ""));
    return { refused: statusJson(renameFields(outcome.value, asSent)) };
  });
  const accepted = results.flatMap((result) => ("accepted" in result ? [result.accepted] : []));
  if (accepted.length === results.length) return { status: 201, json: accepted };
  return { status: 207, json: { results } };
}

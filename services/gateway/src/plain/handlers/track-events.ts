import type { JsonValue } from "@bufbuild/protobuf";
import { batchProblems } from "@ocellus/event-rules/batch-problems.ts";
import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { toStatus } from "@ocellus/runtime/status.ts";
import { statusJson } from "../../http/respond.ts";
import { Problems, pathOfItem } from "../../json/problems.ts";
import { renameFields } from "../../rename-fields.ts";
import type { Contract } from "../contract.ts";
import type { PlainAnswer, PlainHandler, PlainRequest } from "../plain-route.ts";
import { readEvent } from "../read-event.ts";
import { RefusedList } from "../refused-events.ts";
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
  const outcomes = list.map((json, index) => ({ json, ...readItem(json, index) }));
  await track(
    outcomes.filter(({ refused }) => refused === undefined),
    contract,
  );

  const refused = outcomes.flatMap(({ json, refused }) => (refused ? [{ json, status: refused }] : []));
  if (refused.length === outcomes.length) throw new RefusedList(refused);
  if (refused.length === 0) return { status: 201, json: outcomes.map(({ event }) => eventJson(event)) };
  const results = outcomes.map(({ event, refused }): JsonValue => {
    return refused ? { refused: statusJson(refused) } : { accepted: eventJson(event) };
  });
  return { status: 207, json: { results }, refused };
}

/** An event of the list, and why it is refused, if it is. */
interface Outcome {
  event: Event;
  asSent(path: string): string;
  refused?: Status;
}

function readItem(json: JsonValue, index: number): Outcome {
  const problems = new Problems();
  const { event, asSent } = readEvent(json, pathOfItem("", index), problems);
  const { violations } = problems;
  if (violations.length === 0) return { event, asSent };
  return { event, asSent, refused: toStatus(invalidArgument(violations, ErrorReason.INVALID_EVENT)) };
}

/** Sends events, and notes of each as what it was accepted, or why it was refused. */
async function track(outcomes: Outcome[], contract: Contract): Promise<void> {
  if (outcomes.length === 0) return;
  const request = { events: outcomes.map(({ event }) => event) };
  const { results } = await contract(IngestService.method.batchTrackEvents, request);
  for (const [index, outcome] of outcomes.entries()) {
    const { result } = results[index]!;
    if (result.case === "refused") {
      outcome.refused = renameFields(result.value, (path) => outcome.asSent(path.replace(/^events\[\d+\]\./, "")));
    } else if (result.case === "accepted") {
      const { id, timestamp, receiveTime } = result.value;
      const namespace = outcome.event.namespace ?? DEFAULT_NAMESPACE;
      outcome.event = { ...outcome.event, id, namespace, timestamp, receiveTime, updateTime: undefined };
    }
  }
}

import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { Problems } from "../../json/problems.ts";
import type { PlainAnswer, PlainHandler, PlainRequest } from "../plain-route.ts";
import { type ReadEvent, readChanges, readEvent } from "../read-event.ts";
import { eventJson } from "../resources.ts";

/** Replaces one event by that in the body. Without a timestamp there it keeps its own. */
export const replaceEvent: PlainHandler = async (request) => {
  const problems = new Problems();
  const read = readEvent(withoutId(request), "", problems);
  return update(request, read, ["*"], problems);
};

/** Changes the fields of one event that the body holds. */
export const changeEvent: PlainHandler = async (request) => {
  const problems = new Problems();
  const { mask, ...read } = readChanges(withoutId(request), problems);
  return update(request, read, mask, problems);
};

async function update(
  { bound, contract }: PlainRequest,
  { event, asSent }: Pick<ReadEvent, "event" | "asSent">,
  paths: string[],
  problems: Problems,
): Promise<PlainAnswer> {
  if (problems.violations.length > 0) throw invalidArgument(problems.violations, ErrorReason.INVALID_EVENT);
  const request = { event: { ...event, id: bound("id") }, updateMask: { paths } };
  const answer = await contract(EventService.method.updateEvent, request, (path) =>
    asSent(path.replace(/^event\./, "")),
  );
  return { status: 200, json: eventJson(answer.event!) };
}

/** The body without an id: the path is what it was sent to. */
function withoutId({ body = null }: PlainRequest) {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  const { id: _, ...rest } = body;
  return rest;
}

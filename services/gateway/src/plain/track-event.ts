import type { JsonValue } from "@bufbuild/protobuf";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { Problems } from "../json/problems.ts";
import type { PlainRequest } from "./plain-route.ts";
import { readEvent } from "./read-event.ts";

/** Accepts one event, and answers it as accepted. Throws INVALID_ARGUMENT naming every field that is wrong. */
export async function trackEvent(
  { contract }: PlainRequest,
  json: JsonValue,
  check: (event: Event, problems: Problems) => void = () => {},
): Promise<Event> {
  const problems = new Problems();
  const { event, asSent } = readEvent(json, "", problems);
  check(event, problems);
  if (problems.violations.length > 0) throw invalidArgument(problems.violations, ErrorReason.INVALID_EVENT);
  const answer = await contract(IngestService.method.trackEvent, { event }, (path) =>
    asSent(path.replace(/^event\./, "")),
  );
  return answer.event!;
}

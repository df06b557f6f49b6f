import { create, isFieldSet, toBinary } from "@bufbuild/protobuf";
import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import {
  type EventErrorService,
  type ReplayEventErrorsRequest,
  ReplayEventErrorsRequestSchema,
  type ReplayResult,
  ReplayResultSchema,
} from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { errorNotFound, findErrors, requireErrorId } from "../errors/find-errors.ts";
import { type ReplayOptions, replayErrors } from "../errors/replay-errors.ts";

/** After so much an answer ends, since one more part must stay below gRPC's default limit of 4 MiB. */
const ENOUGH_BYTES = 2 * 1024 * 1024;

/** The fields that go with an `id`. */
const BESIDE_ID = ["id", "event", "dry_run"];

/** Sends refused events through the door again. Throws NOT_FOUND for an unknown id. */
export function replayEventErrors(
  context: Pick<ReplayOptions, "em" | "outgoing" | "kept">,
): Handlers<typeof EventErrorService>["replayEventErrors"] {
  return async (request, { namespaces }) => {
    requireOneWay(request);
    const { id, dryRun, event: corrected } = request;
    if (corrected) requireNamespace(namespaces, corrected.namespace ?? DEFAULT_NAMESPACE);
    const options = { ...context, dryRun, corrected, limit: namespaces };
    if (id !== "") {
      requireErrorId(id);
      const results = await replayErrors([id], options);
      if (results.length === 0) throw errorNotFound(id);
      return { results };
    }
    const results: ReplayResult[] = [];
    let bytes = 0;
    let nextPageToken = "";
    for await (const part of findErrors(context.em, request, [{ replayTime: null }], namespaces)) {
      for (const result of await replayErrors(
        part.rows.map((row) => row.id),
        options,
      )) {
        results.push(create(ReplayResultSchema, result));
        bytes += toBinary(ReplayResultSchema, results.at(-1)!).length;
      }
      nextPageToken = part.nextPageToken;
      if (bytes > ENOUGH_BYTES) break;
    }
    return { results, nextPageToken };
  };
}

/** Throws INVALID_ARGUMENT for a request that names one error and asks for several. */
function requireOneWay(request: ReplayEventErrorsRequest): void {
  const { id, event } = request;
  const beside = ReplayEventErrorsRequestSchema.fields.filter(
    (field) => isFieldSet(request, field) && !BESIDE_ID.includes(field.name),
  );
  const violations =
    id === "" ? [] : beside.map(({ name: field }) => ({ field, description: "must not be given beside id" }));
  if (id === "" && event) violations.push({ field: "event", description: "must not be given without id" });
  if (violations.length > 0) throw invalidArgument(violations);
}

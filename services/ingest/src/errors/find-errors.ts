import type { EntityManager } from "@mikro-orm/postgresql";
import { ErrorReason, ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import {
  ErrorStage,
  ErrorStageSchema,
  type ListEventErrorsRequest,
} from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { searchedProblems } from "@ocellus/runtime/check-request.ts";
import { isUuid } from "@ocellus/runtime/is-uuid.ts";
import { type ListedPage, listNewestFirst } from "@ocellus/runtime/list-newest-first.ts";
import { type NamespaceLimit, requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { pageSizeOf } from "@ocellus/runtime/page.ts";
import { Code, invalidArgument, ServiceError, type Violation } from "@ocellus/runtime/service-error.ts";
import { EventError } from "../entities/event-error.ts";
import { reasonName } from "./insert-errors.ts";

/** Which errors to find, and which page of them. */
export type ErrorFilter = Pick<
  ListEventErrorsRequest,
  "reason" | "field" | "namespace" | "stage" | "createTimeMin" | "createTimeMax" | "pageSize" | "pageToken"
>;

/** An error has up to 1 MiB, so that a page is read in parts. */
const PART = 16;

/**
 * Reads the page that is asked for, newest first, in parts of a few errors. Each part knows the token of what comes after it.
 * Throws INVALID_ARGUMENT for filters that no error could match and for the page token of another query.
 *
 * @param further conditions besides those of the filter
 * @param limit the namespaces to which the caller is limited: errors of others, and of none, are not found
 */
export async function* findErrors(
  em: EntityManager,
  filter: ErrorFilter,
  further: object[],
  limit: NamespaceLimit | undefined,
): AsyncGenerator<ListedPage<EventError>> {
  requireNamespace(limit, filter.namespace);
  let left = pageSizeOf(filter);
  let { pageToken } = filter;
  do {
    const page = await listNewestFirst(em, EventError, {
      texts: { namespace: filter.namespace },
      min: ["create_time_min", filter.createTimeMin],
      max: ["create_time_max", filter.createTimeMax],
      key: ["create_time", "id"],
      page: { pageSize: Math.min(left, PART), pageToken },
      within: limit,
      also: {
        conditions: [...conditionsOf(filter), ...further],
        given: [filter.reason, filter.field ?? null, filter.stage, further],
        problems: problemsOf(filter),
      },
    });
    yield page;
    left -= page.rows.length;
    pageToken = page.nextPageToken;
  } while (left > 0 && pageToken !== "");
}

/** Throws INVALID_ARGUMENT for an id that no error can have. */
export function requireErrorId(id: string): void {
  if (!isUuid(id)) throw invalidArgument([{ field: "id", description: "must be the UUID of a refused event" }]);
}

/** NOT_FOUND for a refused event. */
export function errorNotFound(id: string): ServiceError {
  return new ServiceError(`No refused event ${id} is kept. One that was just refused is there within a second`, {
    code: Code.NOT_FOUND,
    reason: ErrorReason.EVENT_ERROR_NOT_FOUND,
  });
}

function conditionsOf({ reason, field, stage }: ErrorFilter): object[] {
  const conditions: object[] = [];
  if (reason !== ErrorReason.UNSPECIFIED) conditions.push({ reason: reasonName(reason) });
  if (field !== undefined) conditions.push({ fields: { $contains: [field] } });
  if (stage !== ErrorStage.UNSPECIFIED) conditions.push({ stage });
  return conditions;
}

function problemsOf({ reason, field, stage }: ErrorFilter): Violation[] {
  const problems = searchedProblems({ texts: { field } });
  if (!ErrorReasonSchema.value[reason])
    problems.push({ field: "reason", description: `must be known, and is ${reason}` });
  if (!ErrorStageSchema.value[stage]) problems.push({ field: "stage", description: `must be known, and is ${stage}` });
  return problems;
}

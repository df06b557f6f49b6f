import type { QueryAggregatesRequest } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import type { Violation } from "@ocellus/runtime/service-error.ts";
import { type Field, parseField } from "./parse-field.ts";
import { type Filter, parseFilters } from "./parse-filters.ts";

const DEFAULT_TOP = 10;
const MAX_TOP = 100;

/** Which events are asked for, and how their buckets are split. */
export interface Breakdown {
  filters: Filter[];
  groupBy: Field | undefined;
  /** How many groups stand by themselves. */
  top: number;
}

/** Reads filters and groups, and adds what is wrong with them to `violations`. */
export function readBreakdown(request: QueryAggregatesRequest, violations: Violation[]): Breakdown {
  const { groupBy, top } = request;
  const filters = parseFilters(request.filters, violations);
  const parsed = groupBy === "" ? undefined : parseField(groupBy);
  if (parsed && "problem" in parsed) violations.push({ field: "group_by", description: parsed.problem });
  if (top < 0 || top > MAX_TOP) {
    violations.push({ field: "top", description: `must be 1 to ${MAX_TOP}, or 0 for ${DEFAULT_TOP}, and is ${top}` });
  } else if (top > 0 && !parsed) {
    violations.push({ field: "top", description: "must be left out where group_by is" });
  }
  return { filters, groupBy: parsed && "field" in parsed ? parsed.field : undefined, top: top || DEFAULT_TOP };
}

import type { RebuildAggregatesRequest } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { searchedProblems } from "@ocellus/runtime/check-request.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { type Micros, microsOf } from "@ocellus/runtime/time.ts";
import type { SeriesFilter } from "../series-filter.ts";

/** What to rebuild: both ends are inclusive, and undefined where they are left out. */
export interface RebuildRange extends SeriesFilter {
  min: Micros | undefined;
  max: Micros | undefined;
}

/** The range of a request. Throws INVALID_ARGUMENT for one that is reversed, or that no event could lie in. */
export function rangeOf({ namespace, name, tsMin, tsMax }: RebuildAggregatesRequest): RebuildRange {
  const filter = { namespace: namespace || undefined, name: name || undefined };
  const problems = searchedProblems({ texts: { ...filter }, times: { ts_min: tsMin, ts_max: tsMax } });
  const [min, max] = [tsMin && microsOf(tsMin), tsMax && microsOf(tsMax)];
  if (problems.length === 0 && min !== undefined && max !== undefined && min > max) {
    problems.push({ field: "ts_max", description: "must not be before ts_min" });
  }
  if (problems.length > 0) throw invalidArgument(problems);
  return { ...filter, min, max };
}

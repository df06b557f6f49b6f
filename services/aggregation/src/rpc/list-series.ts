import type { EntityManager } from "@mikro-orm/postgresql";
import type { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { searchedProblems } from "@ocellus/runtime/check-request.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { pageOf, pageSizeProblems } from "@ocellus/runtime/page.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";
import { type SeriesRow, selectSeries } from "../select-series.ts";

/** How many series without events a page passes over before it ends, shorter than it was asked for. */
const MAX_PASSED_OVER = 5000;

/** Lists the series that have events. Throws INVALID_ARGUMENT for a page token of another query. */
export function listSeries(em: EntityManager): Handlers<typeof AggregationService>["listSeries"] {
  return async (request, { namespaces }) => {
    const filter = { namespace: request.namespace || undefined, name: request.name || undefined };
    const problems = [...searchedProblems({ texts: filter }), ...pageSizeProblems(request.pageSize)];
    if (problems.length > 0) throw invalidArgument(problems);
    requireNamespace(namespaces, filter.namespace);
    const page = pageOf(request, [filter.namespace, filter.name], isKey);

    const found: SeriesRow[] = [];
    let after = page.after;
    for (let passed = 0; found.length < page.size && passed < MAX_PASSED_OVER; ) {
      const wanted = page.size - found.length;
      const rows = await selectSeries(em, { ...filter, within: namespaces }, after, wanted);
      const alive = rows.filter(({ count }) => count !== "0");
      found.push(...alive);
      if (rows.length < wanted) return { series: found.map(toMessage) };
      passed += rows.length - alive.length;
      const last = rows.at(-1)!;
      after = [last.namespace, last.name];
    }
    return { series: found.map(toMessage), nextPageToken: page.tokenAfter(after!) };
  };
}

/** Whether a series may have this key: its namespace and its name. */
function isKey(texts: string[]): boolean {
  const [namespace, name] = texts;
  return texts.length === 2 && searchedProblems({ texts: { namespace, name } }).length === 0;
}

function toMessage({ namespace, name, count, first, last }: SeriesRow) {
  const timeOf = (text: string | null) => (text === null ? undefined : timestampOf(microsOfSql(text)));
  return { namespace, name, firstEventTime: timeOf(first), lastEventTime: timeOf(last), eventCount: BigInt(count) };
}

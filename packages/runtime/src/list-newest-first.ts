import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  type EntityClass,
  type EntityMetadata,
  type FilterQuery,
  type QueryOrderMap,
  type RawQueryFragment,
  raw,
} from "@mikro-orm/core";
import type { EntityManager } from "@mikro-orm/postgresql";
import { searchedProblems } from "./check-request.ts";
import { isUuid } from "./is-uuid.ts";
import { withinNamespaces } from "./namespace-condition.ts";
import type { NamespaceLimit } from "./namespace-limit.ts";
import { pageOf, pageSizeProblems } from "./page.ts";
import { invalidArgument, type Violation } from "./service-error.ts";
import { unstorableProblem } from "./text-problem.ts";
import { isMicros, isoOf, microsOf } from "./time.ts";

/**
 * Makes the planner count the rows that it reads, and not the pages: otherwise it takes the index of times, whose rows lie side by
 * side, for cheaper than the one that holds what is asked for alone, and passes over millions of rows where that is rare. Nor
 * does it then read all that matches to sort it, which it would where it thinks that little matches: sorting a stretch of equal times
 * is left to it.
 */
const PLAN_BY_ROWS = `select set_config('random_page_cost', '0', true), set_config('seq_page_cost', '0', true),
  set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)`;

/** How many rows a page looks through where no index holds just those that are asked for: reading them takes some 10 ms. */
const MAX_LOOKED_THROUGH = 5000;

/** A list request: exact texts, a span of times with both ends inclusive, and a page. */
export interface NewestFirst {
  /** By the name of the field in the proto, which is that of the column too; undefined filters nothing. */
  texts: Record<string, string | undefined>;
  /** The fields of the request that bound the times. */
  min: [field: string, Timestamp | undefined];
  max: [field: string, Timestamp | undefined];
  /** The columns of the table's key, as far as they order the list: its time first. */
  key: [time: string, ...rest: string[]];
  page: { pageSize: number; pageToken: string };
  /**
   * Sets of fields of `texts` for which an index in the order of the list holds just the rows that have them, the most exact
   * first. Given, a page of a list by more than such a set looks through so many of the set's rows and no more.
   */
  indexed?: readonly string[][];
  also?: FurtherFilters;
  /** The namespaces to which the caller is limited. */
  within?: NamespaceLimit | undefined;
}

/** What a list filters by besides texts and its own time. */
export interface FurtherFilters {
  /** MikroORM conditions that must hold too. */
  conditions: object[];
  /** What the request gave for them, to which page tokens are bound. */
  given: unknown[];
  problems: Violation[];
}

const NOTHING_FURTHER: FurtherFilters = { conditions: [], given: [], problems: [] };

/** A page that was read. */
export interface ListedPage<Row> {
  rows: Row[];
  /** Of the page after it; empty where it is the last. */
  nextPageToken: string;
  /** The token of the page that starts after a row, for an answer that ends early. */
  tokenAfter(row: Row): string;
}

/**
 * Reads one page of a table, newest first, by its key, so that the hundredth page costs what the first does.
 *
 * Throws INVALID_ARGUMENT for filters that no row could match and for the page token of another query.
 */
export async function listNewestFirst<Row extends object>(
  em: EntityManager,
  entity: EntityClass<Row>,
  { texts, min, max, key, page: pageRequest, indexed = [], also = NOTHING_FURTHER, within }: NewestFirst,
): Promise<ListedPage<Row>> {
  const problems = searchedProblems({ texts, times: Object.fromEntries([min, max]) });
  problems.push(...also.problems, ...pageSizeProblems(pageRequest.pageSize));
  if (problems.length > 0) throw invalidArgument(problems);
  const [from, to] = [min[1] && microsOf(min[1]), max[1] && microsOf(max[1])];
  const properties = key.map(propertyOf);
  const given = [texts, String(from), String(to), ...also.given];
  const page = pageOf(pageRequest, given, (texts) => isKeyOf(em.getMetadata(entity), properties, texts));
  // One that may look into a single namespace asks for it, whether it says so or not.
  const [only] = within?.globs ?? [];
  if (within?.globs.length === 1 && !only!.includes("*")) texts.namespace ??= only;
  const isNarrowed = within !== undefined && texts.namespace === undefined;

  const span: object[] = page.after ? after(key, page.after) : [];
  if (from !== undefined) span.push({ [properties[0]!]: { $gte: from } });
  if (to !== undefined) span.push({ [properties[0]!]: { $lte: to } });
  const filtered = Object.keys(texts).filter((field) => texts[field] !== undefined);
  const having = (fields: readonly string[]): object[] =>
    fields.map((field) => ({ [propertyOf(field)]: unforeseen(texts[field]) }));
  // Where only the limit of the caller makes the list rare, all rows are looked through in stretches.
  const driving = [...indexed, ...(isNarrowed && indexed.length > 0 ? [[]] : [])].find((fields) =>
    fields.every((field) => filtered.includes(field)),
  );

  const keyIn = (row: Row) => properties.map((property) => String((row as Record<string, unknown>)[property]));

  const { rows, horizon } = await em.fork().transactional(async (tx) => {
    await tx.execute(PLAN_BY_ROWS);
    const find = (conditions: object[], options: { limit: number; offset?: number }) =>
      tx.find(entity, { $and: conditions } as FilterQuery<NoInfer<Row>>, {
        orderBy: Object.fromEntries(properties.map((property) => [property, "desc"])) as QueryOrderMap<Row>,
        disableIdentityMap: true,
        ...options,
      });
    const isWide = driving && (driving.length < filtered.length || isNarrowed);
    const [last] = isWide
      ? await find([...having(driving), ...span], { limit: 1, offset: MAX_LOOKED_THROUGH - 1 })
      : [];
    const conditions = [
      ...having(filtered),
      ...withinNamespaces(within),
      ...also.conditions,
      ...span,
      ...(last ? upTo(key, keyIn(last)) : []),
    ];
    return { rows: await find(conditions, { limit: page.size + 1 }), horizon: last };
  });
  const tokenAfter = (row: Row) => page.tokenAfter(keyIn(row));
  const read = rows.slice(0, page.size);
  const end = rows.length > page.size ? read.at(-1) : horizon;
  return { rows: read, nextPageToken: end ? tokenAfter(end) : "", tokenAfter };
}

/** Whether a row may have these texts as its key: a time first, and what its columns can hold. */
function isKeyOf({ properties }: EntityMetadata, names: string[], [time = "", ...texts]: string[]): boolean {
  const isText = (text: string, index: number) =>
    properties[names[index + 1]!]!.columnTypes.includes("uuid") ? isUuid(text) : unstorableProblem(text) === undefined;
  return texts.length === names.length - 1 && isMicros(time) && texts.every(isText);
}

/** A text that the planner does not look at, so that it chooses the index by the fields alone, and a rare text costs no more. */
function unforeseen(text: string | undefined): RawQueryFragment {
  return raw("(select ?::text)", [text]);
}

/** Rows that a list in descending order has after a key. */
const after = (key: NewestFirst["key"], values: string[]) => beyond(key, "<", values);

/** Rows that it has up to a key, itself included. */
const upTo = (key: NewestFirst["key"], values: string[]) => beyond(key, ">=", values);

/** The second condition says nothing new, but spares whole partitions. */
function beyond(key: NewestFirst["key"], comparison: "<" | ">=", [at = "", ...texts]: string[]): object[] {
  const time = BigInt(at);
  const columns = key.map((column) => `"${column}"`).join(", ");
  const row = raw(`(${columns}) ${comparison} (${key.map(() => "?").join(", ")})`, [isoOf(time), ...texts]);
  return [{ [row]: [] }, { [propertyOf(key[0])]: comparison === "<" ? { $lte: time } : { $gte: time } }];
}

function propertyOf(field: string): string {
  return field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

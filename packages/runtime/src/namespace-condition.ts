import { raw } from "@mikro-orm/core";
import { likeOf } from "./glob.ts";
import type { NamespaceLimit } from "./namespace-limit.ts";

/**
 * What MikroORM is to find no more than: the rows whose `namespace` is open to the caller. Nothing where there is no limit. To be made anew for each
 * statement.
 */
export function withinNamespaces(limit: NamespaceLimit | undefined): object[] {
  if (!limit) return [];
  // Names are looked up in an index; patterns are compared row by row.
  const names = limit.globs.filter((glob) => !glob.includes("*"));
  const patterns = limit.globs.filter((glob) => glob.includes("*")).map(likeOf);
  const either: object[] = names.length > 0 ? [{ namespace: { $in: names } }] : [];
  if (patterns.length > 0) either.push({ [raw(patterns.map(() => "namespace like ?").join(" or "), patterns)]: [] });
  return either.length > 0 ? [{ $or: either }] : [{ [raw("false")]: [] }];
}

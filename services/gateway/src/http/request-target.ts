import type { HttpRequest } from "./node-http.ts";

/** The path and the query of a request, as they were sent. A request target is a path, or to a proxy a whole URL. */
export function targetOf({ url = "/" }: HttpRequest): { path: string; query: string } {
  const target = url.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = target.indexOf("?");
  return mark < 0 ? { path: target, query: "" } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

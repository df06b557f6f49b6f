import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import type { PathTemplate } from "./path-template.ts";

/** What a request may lead to. */
export interface Place {
  httpMethod: string;
  template: PathTemplate;
}

/** What a path leads to. */
export interface Found<P extends Place> {
  /** The routes of the request's method, those that mean the path most exactly. They differ in what their body is. */
  routes: P[];
  /** What the path's variables are bound to, by field path. */
  bound: Map<string, string>;
  /** The methods that the path takes, for the header Allow. */
  allow: string[];
}

/**
 * Finds where a request leads. HEAD goes where GET goes. Throws NOT_FOUND for a path that no route has, and
 * INVALID_ARGUMENT where a part of it cannot be decoded. No route is answered for a method that the path does not take.
 */
export function findRoute<P extends Place>(routes: readonly P[], httpMethod: string, path: string): Found<P> {
  const matches = routes.flatMap((route) => {
    const bound = matchOf(route, path);
    return bound ? [{ route, bound }] : [];
  });
  if (matches.length === 0) {
    throw new ServiceError(`No route has the path ${path.slice(0, 200)}; GET / lists the routes`, {
      code: Code.NOT_FOUND,
      reason: ErrorReason.ROUTE_NOT_FOUND,
    });
  }
  const wanted = httpMethod === "HEAD" ? "GET" : httpMethod;
  const fitting = matches.filter(({ route }) => route.httpMethod === wanted);
  const best = Math.max(...fitting.map(({ route }) => route.template.rank));
  const chosen = fitting.filter(({ route }) => route.template.rank === best);
  const methods = new Set(matches.map(({ route }) => route.httpMethod));
  if (methods.has("GET")) methods.add("HEAD");
  return {
    routes: chosen.map(({ route }) => route),
    bound: chosen[0]?.bound ?? new Map(),
    allow: [...methods.add("OPTIONS")].sort(),
  };
}

/** `findRoute` for these routes, of which it knows beforehand where paths without variables lead. */
export function routeFinder<P extends Place>(routes: readonly P[]): (httpMethod: string, path: string) => Found<P> {
  const known = new Map<string, Found<P>>();
  for (const { httpMethod, template } of routes) {
    if (!/[*{]/.test(template.text)) {
      known.set(`${httpMethod} ${template.text}`, findRoute(routes, httpMethod, template.text));
    }
  }
  return (httpMethod, path) => known.get(`${httpMethod} ${path}`) ?? findRoute(routes, httpMethod, path);
}

function matchOf(route: Place, path: string): Map<string, string> | undefined {
  try {
    return route.template.match(path);
  } catch {
    const description = "must be percent-encoded UTF-8 in the path";
    throw invalidArgument([{ field: route.template.variables.join(", "), description }]);
  }
}

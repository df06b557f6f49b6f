import { takesList } from "./choose-route.ts";
import type { Route } from "./routes.ts";

/**
 * The HTTP status of a call that succeeds: 201 where one resource is made of what is posted to its collection, and 204 where
 * nothing is left to answer.
 */
export function successStatusOf(route: Route): 200 | 201 | 204 {
  const { httpMethod, template, body, method } = route;
  if (httpMethod === "DELETE" && method.output.fields.length === 0) return 204;
  return httpMethod === "POST" && template.isCollection && body !== undefined && !takesList(route) ? 201 : 200;
}

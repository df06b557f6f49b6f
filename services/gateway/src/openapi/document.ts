import type { JsonObject } from "@bufbuild/protobuf";
import type { Route } from "../rest/routes.ts";
import { commentOf } from "./comments.ts";
import { errorExamples } from "./error-responses.ts";
import { info } from "./info.ts";
import { operationIdOf, operationOf } from "./operation.ts";
import { PathNames } from "./path-names.ts";
import { Schemas } from "./schemas.ts";
import { type ScopeOf, securitySchemes } from "./security.ts";

/**
 * The OpenAPI document of the routes, all of it made from the descriptors and the comments of the contract.
 *
 * @param scopeOf the scope that a method needs
 */
export function openApiDocument(routes: readonly Route[], scopeOf: ScopeOf): JsonObject {
  const schemas = new Schemas();
  const paths: Record<string, JsonObject> = {};
  const ids = new Map<string, number>();
  const names = new PathNames();
  for (const those of Map.groupBy(routes, (route) => `${route.httpMethod} ${names.shapeOf(route.template)}`).values()) {
    const { httpMethod, template } = those[0]!;
    const path = names.pathOf(template);
    paths[path] ??= {};
    paths[path][httpMethod.toLowerCase()] = operationOf(those, uniqueId(those, ids), names, schemas, scopeOf);
  }
  const services = new Set(routes.map(({ method }) => method.parent));
  return {
    openapi: "3.1.1",
    info,
    servers: [{ url: "/", description: "The gateway that answers this document." }],
    tags: [...services].map((service) => ({ name: service.name, description: commentOf(service) })),
    paths,
    components: { schemas: schemas.all, examples: errorExamples(), securitySchemes },
  };
}

/** A method that has several routes gets a number from the second on. */
function uniqueId(routes: readonly Route[], known: Map<string, number>): string {
  const id = operationIdOf(routes.map(({ method }) => method));
  const count = (known.get(id) ?? 0) + 1;
  known.set(id, count);
  return count === 1 ? id : `${id}${count}`;
}

import type { JsonValue } from "@bufbuild/protobuf";
import { routes as plainRoutes } from "../plain/routes.ts";
import type { Route } from "./routes.ts";

/** What `GET /` answers: what this is, where it is documented, and which routes there are. */
export function overview(routes: readonly Route[]): JsonValue {
  const services = [...new Set(routes.map(({ method }) => method.parent.typeName))];
  return {
    name: "Ocellus",
    description:
      "Self-hosted event tracking. JSON over the routes below, and in the plain dialect of simple trackers; Connect, gRPC-Web and gRPC on this same port.",
    docs: "/docs",
    openapi: "/openapi.json",
    routes: routes.map(({ httpMethod, template, method }) => ({
      method: httpMethod,
      path: template.text,
      rpc: `${method.parent.typeName}/${method.name}`,
    })),
    plain: plainRoutes.map(({ httpMethod, template }) => ({ method: httpMethod, path: template.text })),
    services,
  };
}

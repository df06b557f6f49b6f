import type { JsonValue } from "@bufbuild/protobuf";
import type { Route } from "./routes.ts";

/** What `GET /` answers: what this is, where it is documented, and which routes there are. */
export function overview(routes: readonly Route[]): JsonValue {
  const services = [...new Set(routes.map(({ method }) => method.parent.typeName))];
  return {
    name: "Ocellus",
    description:
      "Self-hosted event tracking. JSON over the routes below; Connect, gRPC-Web and gRPC on this same port.",
    docs: "/docs",
    openapi: "/openapi.json",
    routes: routes.map(({ httpMethod, template, method }) => ({
      method: httpMethod,
      path: template.text,
      rpc: `${method.parent.typeName}/${method.name}`,
    })),
    services,
  };
}

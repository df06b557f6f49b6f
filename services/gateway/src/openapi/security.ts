import type { DescMethod, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { ScopeSchema } from "@ocellus/proto/ocellus/access/v1/access_pb.ts";
import { SCOPE_NAMES, SCOPES } from "../access/principal.ts";
import { PATHS } from "../issuer/paths.ts";
import { commentOf } from "./comments.ts";

/** How callers say who they are, `components.securitySchemes` of a document. */
export const securitySchemes: JsonObject = {
  client: {
    type: "oauth2",
    description: "A client that was registered gets tokens by its id and its secret.",
    flows: {
      clientCredentials: {
        tokenUrl: PATHS.token,
        scopes: Object.fromEntries(SCOPE_NAMES.map((name) => [name, commentOf(ScopeSchema.value[SCOPES[name]]!)])),
      },
    },
  },
  token: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "A token that is there already, of this gateway or of another issuer whose tokens it takes.",
  },
};

/** Which scope a method needs. */
export type ScopeOf = (method: DescMethod) => string;

/** What a call of any of these methods needs. */
export function securityOf(methods: readonly DescMethod[], scopeOf: ScopeOf): JsonValue {
  return [{ client: [...new Set(methods.map(scopeOf))] }, { token: [] }];
}

import { create, type JsonValue, type Message } from "@bufbuild/protobuf";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { fieldNamed } from "../json/field-named.ts";
import type { Route } from "./routes.ts";

/**
 * Gives an update whose client sent no `update_mask` the one that its HTTP method implies: a PUT changes all fields of the
 * resource in its body, a PATCH those that the body holds. Fields that the path binds are not among them.
 */
export function implyMask(route: Route, message: Message, body: JsonValue | undefined, bound: Iterable<string>): void {
  const mask = route.method.input.fields.find(({ name }) => name === "update_mask");
  const target = message as unknown as Record<string, unknown>;
  if (!mask || typeof route.body !== "object" || !route.body.message || target[mask.localName] !== undefined) return;
  const { name: resource, message: desc } = route.body;
  const fixed = new Set(bound);
  const paths = Object.keys(body ?? {})
    .map((key) => fieldNamed(desc, key)?.name)
    .filter((name) => name !== undefined && !fixed.has(`${resource}.${name}`)) as string[];
  target[mask.localName] = create(FieldMaskSchema, { paths: route.httpMethod === "PUT" ? ["*"] : paths });
}

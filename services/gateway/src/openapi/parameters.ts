import type { DescField, DescMessage, JsonObject } from "@bufbuild/protobuf";
import { fieldNamed } from "../json/field-named.ts";
import { isText, isWellKnown } from "../rest/read-query.ts";
import type { Route } from "../rest/routes.ts";
import { commentOf, saysRequired } from "./comments.ts";
import { fieldSchema } from "./message-schema.ts";
import type { PathNames } from "./path-names.ts";
import type { Schemas } from "./schemas.ts";

/** The parameters of a route: the variables of its path, and what a query may hold. */
export function parametersOf(route: Route, names: PathNames, schemas: Schemas): JsonObject[] {
  const { method, template, body } = route;
  const namesInPath = names.namesOf(template);
  const inPath = template.variables.map((path, index) => {
    const field = fieldAt(method.input, path);
    const schema = { minLength: 1, ...fieldSchema(field, "input", schemas) };
    return { name: namesInPath[index]!, in: "path", required: true, description: commentOf(field), schema };
  });
  if (body === "*") return inPath;
  const taken = new Set([...template.variables, ...(body ? [body.name] : [])]);
  const inQuery = queryFields(method.input, taken).map(({ name, field }) => ({
    name,
    in: "query",
    ...(saysRequired(commentOf(field)) ? { required: true } : {}),
    description: commentOf(field),
    schema: fieldSchema(field, "input", schemas),
  }));
  return [...inPath, ...inQuery];
}

interface QueryField {
  /** The dotted path, spelled as JSON is. */
  name: string;
  field: DescField;
}

/** The fields that a query can set, as `readQuery` finds them: those of messages within messages by dotted paths. */
function queryFields(desc: DescMessage, taken: ReadonlySet<string>, within: readonly DescField[] = []): QueryField[] {
  return desc.fields.flatMap((field) => {
    const path = [...within, field];
    if (taken.has(path.map(({ name }) => name).join("."))) return [];
    if (isText(field)) return { name: path.map(({ jsonName }) => jsonName).join("."), field };
    const isOpen = field.fieldKind === "message" && !field.oneof && !isWellKnown(field);
    // A type within itself would go on for ever: one round of it is told.
    const isAgain = within.some(({ message }) => message === field.message);
    return isOpen && !isAgain ? queryFields(field.message, taken, path) : [];
  });
}

function fieldAt(desc: DescMessage, path: string): DescField {
  const [name, ...rest] = path.split(".");
  const field = fieldNamed(desc, name!)!;
  return rest.length === 0 ? field : fieldAt(field.message!, rest.join("."));
}

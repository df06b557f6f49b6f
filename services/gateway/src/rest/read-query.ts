import { create, type DescField, type DescMessage, type JsonValue, type Message, ScalarType } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { fieldNamed } from "../json/field-named.ts";
import type { Problems } from "../json/problems.ts";
import { readField } from "../json/read-message.ts";

/**
 * Reads query parameters into the request: dotted paths of its fields, in either spelling, repeated for a list. Reports
 * each parameter that is no such field, is bound by the path or the body already, or cannot be read.
 *
 * @param taken the paths of the fields that the path or the body binds
 */
export function readQuery(
  desc: DescMessage,
  message: Message,
  query: string,
  taken: ReadonlySet<string>,
  problems: Problems,
): void {
  for (const [name, values] of parametersOf(query, problems)) {
    const place = placeOf(desc, message, name);
    if (!place || place.enclosing.some((path) => taken.has(path)))
      problems.add(name, "is not a parameter of this route");
    else if (place.field.fieldKind === "list") {
      readField(place.message, place.field, values.map(jsonOf(place.field)), name, problems);
    } else if (values.length > 1) problems.add(name, `must be given once, and is given ${values.length} times`);
    else readField(place.message, place.field, jsonOf(place.field)(values[0]!), name, problems);
  }
}

/** Binds a variable of the path, or a query parameter, that is known to be a field. */
export function bindText(desc: DescMessage, message: Message, path: string, text: string, problems: Problems): void {
  const place = placeOf(desc, message, path)!;
  readField(place.message, place.field, jsonOf(place.field)(text), path, problems);
}

/** The names of the parameters of a query, as they were sent. */
export function namesIn(query: string): string[] {
  return query.split("&").flatMap((part) => decode(part.split("=", 1)[0]!) ?? []);
}

/** The values of each parameter of a query, by its name as it was sent. Reports what cannot be decoded. */
export function parametersOf(query: string, problems: Problems): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const part of query.split("&")) {
    if (part === "") continue;
    const [rawName = ""] = part.split("=", 1);
    const name = decode(rawName);
    const value = decode(part.slice(rawName.length + 1));
    if (name === undefined || value === undefined) problems.add(name ?? rawName, "must be percent-encoded UTF-8");
    else found.set(name, [...(found.get(name) ?? []), value]);
  }
  return found;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** Where a dotted path leads: the field, and the message that holds it, made if need be; `enclosing` ends with itself. */
function placeOf(desc: DescMessage, message: Message, path: string) {
  const enclosing: string[] = [];
  let holder = { desc, message };
  const parts = path.split(".");
  for (const [index, part] of parts.entries()) {
    const field = fieldNamed(holder.desc, part);
    if (!field) return undefined;
    enclosing.push([...enclosing.slice(-1), field.name].join("."));
    if (index === parts.length - 1) return isText(field) ? { ...holder, field, enclosing } : undefined;
    if (field.fieldKind !== "message" || field.oneof || isWellKnown(field)) return undefined;
    const fields = holder.message as unknown as Record<string, Message | undefined>;
    fields[field.localName] ??= create(field.message);
    holder = { desc: field.message, message: fields[field.localName]! };
  }
  return undefined;
}

/** Whether a text can say what the field holds. */
export function isText(field: DescField): boolean {
  if (field.fieldKind === "map") return false;
  return !field.message || (isWellKnown(field) && !/^(Struct|Value|ListValue|Any|Empty)$/.test(field.message.name));
}

export function isWellKnown(field: DescField): boolean {
  return field.message?.typeName.startsWith("google.protobuf.") === true;
}

/** The JSON that a text stands for in this field. */
export function jsonOf(field: DescField): (text: string) => JsonValue {
  return (text) => {
    if (field.scalar === ScalarType.BOOL && (text === "true" || text === "false")) return text === "true";
    // In a query a plus sign means a space, and a zone such as +02:00 is seldom encoded.
    const isTime = field.message?.typeName === TimestampSchema.typeName;
    return isTime ? text.replace(/(:\d\d(?:\.\d+)?) (\d\d:?\d\d)$/, "$1+$2") : text;
  };
}

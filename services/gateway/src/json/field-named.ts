import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** The field of this name, in either spelling: `session_id` or `sessionId`. */
export function fieldNamed(desc: DescMessage, name: string): DescField | undefined {
  let fields = known.get(desc);
  if (!fields) {
    fields = new Map(desc.fields.flatMap((field) => [field.name, field.jsonName].map((key) => [key, field])));
    known.set(desc, fields);
  }
  return fields.get(name);
}

const known = new WeakMap<DescMessage, Map<string, DescField>>();

import { clone, create, type DescMessage, isFieldSet, type MessageShape } from "@bufbuild/protobuf";
import { invalidArgument } from "./service-error.ts";

/** Which fields of a resource an update treats differently, by their names in the proto. */
export interface MaskRules {
  /** No mask may name them. */
  fixed: string[];
  /** A mask may name them, and nothing comes of it. */
  outputOnly: string[];
  /** "*" does not remove them where they are left out. */
  keptByStar: string[];
}

/**
 * The resource with the fields that the mask names taken from `changes`. "*" stands for all fields, an empty mask for those that
 * `changes` has; a field that is named and left out is removed. Throws INVALID_ARGUMENT for a mask that names what cannot be changed.
 */
export function applyMask<Desc extends DescMessage>(
  schema: Desc,
  resource: MessageShape<Desc>,
  changes: MessageShape<Desc>,
  paths: string[],
  { fixed, outputOnly, keptByStar }: MaskRules,
): MessageShape<Desc> {
  const changeable = schema.fields.filter(({ name }) => !fixed.includes(name) && !outputOnly.includes(name));
  const all = paths.includes("*");
  const known = new Set(["*", ...outputOnly, ...changeable.map(({ name }) => name)]);
  const unknown = paths.filter((path) => !known.has(path));
  if (unknown.length > 0) {
    const names = changeable.map(({ name }) => name).join(", ");
    const description = `must hold * or names among ${names}, and holds ${unknown.join(", ")}`;
    throw invalidArgument([{ field: "update_mask", description }]);
  }
  const changed = clone(schema, resource);
  const [target, given, none] = [changed, changes, create(schema)] as unknown as Record<string, unknown>[];
  for (const field of changeable) {
    const present = isFieldSet(changes, field);
    const named = paths.length === 0 ? present : all || paths.includes(field.name);
    if (!named || (all && keptByStar.includes(field.name) && !present)) continue;
    target![field.localName] = present ? given![field.localName] : none![field.localName];
  }
  return changed;
}

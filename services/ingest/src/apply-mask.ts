import { clone, create, isFieldSet } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";

const OUTPUT_ONLY = ["receive_time", "update_time"];
const CHANGEABLE = EventSchema.fields.filter(({ name }) => name !== "id" && !OUTPUT_ONLY.includes(name));

/**
 * The event with the fields that the mask names taken from `changes`; see UpdateEventRequest.update_mask. Throws
 * INVALID_ARGUMENT for a mask that names what cannot be changed.
 */
export function applyMask(event: Event, changes: Event, paths: string[]): Event {
  const all = paths.includes("*");
  const known = new Set(["*", ...OUTPUT_ONLY, ...CHANGEABLE.map(({ name }) => name)]);
  const unknown = paths.filter((path) => !known.has(path));
  if (unknown.length > 0) {
    const names = CHANGEABLE.map(({ name }) => name).join(", ");
    const description = `must hold * or names among ${names}, and holds ${unknown.join(", ")}`;
    throw invalidArgument([{ field: "update_mask", description }]);
  }
  const changed = clone(EventSchema, event) as Event & Record<string, unknown>;
  const [given, none] = [
    changes as Event & Record<string, unknown>,
    create(EventSchema) as Event & Record<string, unknown>,
  ];
  for (const field of CHANGEABLE) {
    const present = isFieldSet(changes, field);
    const named = paths.length === 0 ? present : all || paths.includes(field.name);
    if (!named || (all && field.name === "timestamp" && !present)) continue;
    changed[field.localName] = present ? given[field.localName] : none[field.localName];
  }
  return changed;
}

import type { PlainEvent } from "./plain-question.ts";

/** The value of a field, as a text; undefined where the event has none. */
export function fieldOf(event: PlainEvent, field: string): string | undefined {
  if (field === "category") return event.category;
  if (field === "session_id") return event.sessionId;
  if (field === "person_id") return event.personId;
  let value: unknown = event;
  for (const key of field.split(".")) value = (value as Record<string, unknown> | null | undefined)?.[key];
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Whether an event has, of each field that the filters name, one of the values that they give it. */
export function passes(event: PlainEvent, filters: readonly string[]): boolean {
  const wanted = Map.groupBy(filters, (filter) => filter.split("=", 1)[0]!);
  return [...wanted].every(([field, ofField]) => {
    const value = fieldOf(event, field);
    return ofField.some((filter) => filter.slice(field.length + 1) === (value ?? ""));
  });
}

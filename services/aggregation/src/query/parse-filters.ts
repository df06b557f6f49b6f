import type { Violation } from "@ocellus/runtime/service-error.ts";
import { unstorableProblem } from "@ocellus/runtime/text-problem.ts";
import { type Field, parseField } from "./parse-field.ts";

const MAX_FILTERS = 10;
const MAX_LENGTH = 1024;

/** The values of a field of which an event must have one. */
export interface Filter {
  field: Field;
  values: string[];
  /** Whether an event without the field will do, too. */
  orAbsent: boolean;
}

/** Reads filters such as "data.host=web-1", those of one field together, and adds what is wrong with each to `violations`. */
export function parseFilters(texts: readonly string[], violations: Violation[]): Filter[] {
  if (texts.length > MAX_FILTERS) {
    violations.push({ field: "filters", description: `must be at most ${MAX_FILTERS}, and are ${texts.length}` });
    return [];
  }
  const filters = new Map<string, Filter>();
  for (const [index, text] of texts.entries()) {
    const [name = ""] = text.split("=", 1);
    const value = text.slice(name.length + 1);
    const problem = textProblem(text, name, value);
    const parsed = problem ? { problem } : parseField(name);
    if ("problem" in parsed) {
      violations.push({ field: `filters[${index}]`, description: parsed.problem });
      continue;
    }
    const filter = filters.get(name) ?? { field: parsed.field, values: [], orAbsent: false };
    if (value === "") filter.orAbsent = true;
    else filter.values.push(value);
    filters.set(name, filter);
  }
  return [...filters.values()];
}

function textProblem(text: string, name: string, value: string): string | undefined {
  if (text.length === name.length)
    return "must be field=value, such as data.host=web-1, or field= for events without it";
  if (value.length > MAX_LENGTH)
    return `must have a value of at most ${MAX_LENGTH} characters, and has ${value.length}`;
  return unstorableProblem(value);
}

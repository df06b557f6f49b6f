import { unstorableProblem } from "@ocellus/runtime/text-problem.ts";

const COLUMNS = ["category", "session_id", "person_id"] as const;
const MAX_LENGTH = 255;
const MAX_DEPTH = 10;

/** What an event is chosen by, or put into a group by: a column of its own, or the keys that lead to a value in its data. */
export type Field = { column: (typeof COLUMNS)[number] } | { path: string[] };

/** Reads the name of a field, such as "category" or "data.request.status", or says what is wrong with it. */
export function parseField(name: string): { field: Field } | { problem: string } {
  const column = COLUMNS.find((known) => known === name);
  if (column) return { field: { column } };
  const [first, ...path] = name.split(".");
  if (first !== "data" || path.length === 0) {
    return { problem: "must name category, session_id, person_id, or a path in data such as data.host" };
  }
  const problem = pathProblem(name, path);
  return problem ? { problem } : { field: { path } };
}

function pathProblem(name: string, path: string[]): string | undefined {
  if (name.length > MAX_LENGTH) return `must name a field in at most ${MAX_LENGTH} characters, and has ${name.length}`;
  if (path.length > MAX_DEPTH) return `must name at most ${MAX_DEPTH} keys of data, and names ${path.length}`;
  if (path.includes("")) return "must name a key of data after each dot";
  return unstorableProblem(name);
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@ocellus/suite/repository.ts";

/** A table of answers in docs/security.md. */
export interface DocumentedTable {
  /** What heads each column of answers. */
  columns: string[];
  /** What stands at the start of each row. */
  rows: string[];
  /** Every cell, by its row, its column, and the answer that it documents. */
  cells: [row: string, column: string, answer: string][];
}

/** The table whose first column has this heading. Throws where there is none. */
export function documentedTable(heading: string): DocumentedTable {
  const lines = readFileSync(join(repositoryRoot, "docs/security.md"), "utf8").split("\n");
  const start = lines.findIndex((line) => cellsOf(line)[0] === heading);
  if (start < 0) throw new Error(`docs/security.md has no table that starts with "${heading}"`);
  const rest = lines.slice(start);
  const end = rest.findIndex((line) => !line.startsWith("|"));
  const [head, , ...rows] = rest.slice(0, end < 0 ? undefined : end).map(cellsOf);
  const columns = head!.slice(1);
  return {
    columns,
    rows: rows.map(([row]) => row!),
    cells: rows.flatMap(([row, ...answers]) =>
      columns.map((column, index): [string, string, string] => [row!, column, answers[index]!.replaceAll("`", "")]),
    ),
  };
}

function cellsOf(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

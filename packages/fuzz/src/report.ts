import type { FuzzResult } from "./run-fuzz.ts";

const MAX_INPUT = 4000;

/** A table of the kinds, and all findings. */
export function reportOf({ seconds, kinds, findings, memory }: FuzzResult): string {
  const rows = kinds.map(({ name, inputs, answers }) => {
    const own = findings.filter(({ kind }) => kind === name).length;
    const told = [...answers].sort(([, a], [, b]) => b - a).map(([status, count]) => `${status} ${count}`);
    return [name, String(inputs), String(own), told.join(", ")];
  });
  const total = kinds.reduce((sum, { inputs }) => sum + inputs, 0);
  const table = [
    ["kind", "inputs", "findings", "answers"],
    ...rows,
    ["all", String(total), String(findings.length), ""],
  ];
  const width = (column: number) => Math.max(...table.map((row) => row[column]!.length));
  const lines = table.map(([kind, inputs, found, answers]) =>
    `${kind!.padEnd(width(0))}  ${inputs!.padStart(width(1))}  ${found!.padStart(width(2))}  ${answers}`.trimEnd(),
  );
  const held = [...memory].map(([name, mib]) => `${name} ${mib}`).join(", ");
  const found = findings.map(({ kind, problem, input }) => {
    const shown = input === "" ? "" : `\n  input: ${input.slice(0, MAX_INPUT)}`;
    return `FINDING (${kind}) ${problem}${shown}`;
  });
  const rate = Math.round(total / seconds);
  return [...lines, "", `${seconds.toFixed(0)} s, ${rate} inputs/s; memory in MiB: ${held}`, "", ...found].join("\n");
}

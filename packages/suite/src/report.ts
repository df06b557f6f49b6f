/** Writes one line for the person at the terminal. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Writes one line about what went wrong. */
export function printProblem(line: string): void {
  process.stderr.write(`${line}\n`);
}

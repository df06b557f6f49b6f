// What the image runs: `node run-program.ts NAME`. It may be the first process of its container, to which the kernel sends no signal
// that nobody handles: until the program handles it, SIGTERM ends it at once.
import { PROGRAM_NAMES, PROGRAMS, type ProgramName } from "./programs.ts";

for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(code);
  });
}

const [name, ...rest] = process.argv.slice(2);
if (isProgram(name) && rest.length === 0) {
  await PROGRAMS[name]();
} else {
  const given = [name, ...rest].filter((argument) => argument !== undefined).join(" ");
  process.stderr.write(`Name one of ${PROGRAM_NAMES.join(", ")} as the argument, and not "${given}".\n`);
  process.exitCode = 2;
}

function isProgram(text: string | undefined): text is ProgramName {
  return text !== undefined && Object.hasOwn(PROGRAMS, text);
}

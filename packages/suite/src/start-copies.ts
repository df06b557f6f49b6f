import { join } from "node:path";
import { Copies } from "./copies.ts";
import { type ServiceName, startService } from "./service-process.ts";
import { shortPath } from "./short-path.ts";
import type { StartContext } from "./start-context.ts";
import type { SuitePorts } from "./suite-ports.ts";
import { together } from "./together.ts";

export interface StartCopiesOptions {
  name: ServiceName;
  /** Of each copy. */
  copies: readonly SuitePorts[];
  /** What the copy with these ports is told. */
  environmentOf(own: SuitePorts): Readonly<Record<string, string>>;
  /** It is stopped before the parts of lower levels. */
  level: number;
  /** Is aborted when one cannot be started. */
  failure: AbortController;
}

/** Starts all copies of a service at once. The first has its name and its usual files, the others a number besides. */
export async function startCopies(options: StartCopiesOptions, context: StartContext): Promise<Copies> {
  const { name, copies, environmentOf, level, failure } = options;
  const { dataDir, parts, report, signal, pidFile } = context;
  const file = (number: number) => (number === 1 ? name : `${name}-${number}`);
  const logFile = (number: number) => join(dataDir, "logs", `${file(number)}.log`);
  const service = new Copies({
    name,
    report,
    start: (number, signal) =>
      startService({
        name,
        title: number === 1 ? name : `${name} ${number}`,
        environment: environmentOf(copies[number - 1]!),
        logFile: logFile(number),
        pidFile: pidFile(file(number)),
        signal,
      }),
  });
  parts.add(service, level);
  const starts = copies.map((own, index) =>
    parts.report(name, service.start(index + 1, signal), ({ name: title }) => ({
      title,
      place: `127.0.0.1:${own[name]}`,
      details: `health on ${own[`${name}Health`]}, log in ${shortPath(logFile(index + 1))}`,
    })),
  );
  await together(failure, starts);
  return service;
}

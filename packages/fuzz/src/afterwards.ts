import type { Finding } from "./run-kind.ts";
import type { Target } from "./target.ts";

/** No input is so large, nor so many of them under way, that a service would need more, in MiB. */
const MAX_MEMORY = 768;
/** How long a service may take to say that it is well. */
const WITHIN_MS = 5000;

const HEALTH = {
  ingest: "ingestHealth",
  sessions: "sessionsHealth",
  aggregation: "aggregationHealth",
  gateway: "gatewayHealth",
} as const;

/** What is wrong with the target after all: who does not say that it is well, has logged an error, or held much memory. */
export async function afterwards(target: Target, memory: ReadonlyMap<string, number>): Promise<Finding[]> {
  const findings: Finding[] = [];
  const add = (problem: string) => findings.push({ kind: "afterwards", problem, input: "" });
  for (const name of target.services.keys()) {
    const url = `http://127.0.0.1:${target.ports[HEALTH[name]]}/readyz`;
    const status = await fetch(url, { signal: AbortSignal.timeout(WITHIN_MS) }).then(
      (response) => response.status,
      (error: Error) => error.message,
    );
    if (status !== 200) add(`${name} is not ready: ${status}`);
    const used = memory.get(name) ?? 0;
    if (used > MAX_MEMORY) add(`${name} held ${used} MiB, more than ${MAX_MEMORY}`);
    const lines = target.logOf(name).split("\n").filter(Boolean);
    for (const line of distinct(lines)) add(`${name} has logged: ${line.slice(0, 2000)}`);
  }
  return findings;
}

/** One of the lines that say the same of different things. */
function distinct(lines: string[]): Iterable<string> {
  const same = (line: string) => line.replace(/"(time|errorId|pid)":("[^"]*"|\d+)|\d+/g, "").slice(0, 200);
  return new Map(lines.map((line) => [same(line), line])).values();
}

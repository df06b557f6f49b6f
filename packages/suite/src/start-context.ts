import type { StartedParts } from "./started-parts.ts";
import type { SuitePorts } from "./suite-ports.ts";

/** What every step of a suite's start works with. */
export interface StartContext {
  /** The folder of all the suite's data. */
  readonly dataDir: string;
  readonly ports: SuitePorts;
  readonly parts: StartedParts;
  /** Hears of what happens to parts. */
  readonly report: (line: string) => void;
  /** Aborts when the start is given up or has failed elsewhere. */
  readonly signal: AbortSignal;
  /** Where to write down the process of a part. */
  pidFile(part: string): string;
}

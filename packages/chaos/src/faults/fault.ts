import type { Load } from "../load/load.ts";
import type { Target } from "../target/target.ts";

/** What a fault works with. */
export interface FaultContext {
  target: Target;
  load: Load;
  /** Of the plan: the same for the same seed. */
  dice: () => number;
}

/** Something that goes wrong. */
export interface Fault {
  /** How the report calls it. */
  readonly name: string;
  /** What it breaks: two faults that share any of it do not happen at once. */
  readonly breaks: readonly string[];
  /** Breaks it, and resolves when it is mended. */
  happen(context: FaultContext): Promise<void>;
}

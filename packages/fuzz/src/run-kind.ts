import fc from "fast-check";
import { type Answer, problemOf, signatureOf } from "./judge.ts";
import type { Kind } from "./kinds/kind.ts";

/** How often a failing input is made smaller and tried again, at most. */
const MAX_SHRINKS = 300;

/** Something that must not be, and the smallest input that was found to lead to it. */
export interface Finding {
  kind: string;
  problem: string;
  input: string;
}

/** What came of the inputs of one kind. */
export interface KindResult {
  name: string;
  inputs: number;
  /** How many were answered so. */
  answers: Map<string, number>;
}

export interface KindOptions {
  inputs: number;
  seed: number;
  /** Problems that are known are not told again. */
  known: Map<string, Finding>;
  /** Aborts when the target is gone: what it answers then says nothing. */
  signal: AbortSignal;
  /** Hears of the input that is under way. */
  underWay: (input: string | undefined) => void;
}

/** Sends so many inputs of a kind, one after another, and makes each that leads to a new problem as small as it can. */
export async function runKind(kind: Kind, options: KindOptions, answers: Map<string, number>): Promise<void> {
  for (let done = 0, round = 0; done < options.inputs && !options.signal.aborted; round++) {
    const { numRuns, finding } = await untilProblem(kind, options, answers, options.inputs - done, round);
    if (finding && !options.signal.aborted) options.known.set(signatureOf(finding.problem), finding);
    done += numRuns;
  }
}

async function untilProblem(
  kind: Kind,
  { seed, known, signal, underWay }: KindOptions,
  answers: Map<string, number>,
  numRuns: number,
  round: number,
) {
  let found: string | undefined;
  let tries = 0;
  const property = fc.asyncProperty(kind.inputs, async (input) => {
    if (signal.aborted || (found !== undefined && ++tries > MAX_SHRINKS)) return;
    underWay(fc.stringify(input));
    const answer: Answer = await kind.send(input);
    underWay(undefined);
    if (found === undefined) answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
    const problem = problemOf(answer);
    if (problem === undefined) return;
    const signature = signatureOf(problem);
    if (known.has(signature) || (found !== undefined && found !== signature)) return;
    found = signature;
    throw new Error(problem);
  });
  const {
    failed,
    counterexample,
    errorInstance,
    numRuns: ran,
  } = await fc.check(property, {
    numRuns,
    seed: seed + round * 7919,
  });
  if (!failed) return { numRuns: ran };
  const { message } = errorInstance as Error;
  return { numRuns: ran, finding: { kind: kind.name, problem: message, input: fc.stringify(counterexample?.[0]) } };
}

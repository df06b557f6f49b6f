import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { invalidArgument, type Violation } from "./service-error.ts";
import { textProblem } from "./text-problem.ts";
import { EARLIEST, LATEST, microsOf } from "./time.ts";

/** What a request gives to look for, by the field's name in the proto; undefined where the client left it out. */
export interface Searched {
  texts?: Record<string, string | undefined>;
  times?: Record<string, Timestamp | undefined>;
}

/** Longer than any text that is kept. */
const MAX_LENGTH = 255;

/** Throws one INVALID_ARGUMENT for all texts and times that no stored row could have. */
export function checkSearched(searched: Searched): void {
  const violations = searchedProblems(searched);
  if (violations.length > 0) throw invalidArgument(violations);
}

/** All texts and times that no stored row could have. */
export function searchedProblems({ texts = {}, times = {} }: Searched): Violation[] {
  const violations: Violation[] = [];
  for (const [field, text] of Object.entries(texts)) {
    const description = text === undefined ? undefined : textProblem(text, MAX_LENGTH);
    if (description) violations.push({ field, description });
  }
  for (const [field, time] of Object.entries(times)) {
    const description = time ? timeProblem(time) : undefined;
    if (description) violations.push({ field, description });
  }
  return violations;
}

/** What is wrong with a Timestamp in itself; undefined where nothing is. */
export function timeProblem(time: Timestamp): string | undefined {
  if (time.nanos < 0 || time.nanos > 999_999_999) return `must have nanos from 0 to 999999999, and has ${time.nanos}`;
  const micros = microsOf(time);
  return micros < EARLIEST || micros > LATEST ? "must lie in the years 0001 to 9999" : undefined;
}

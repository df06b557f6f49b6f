/** How a target answered one input. */
export interface Answer {
  /** As a report counts it: an HTTP status, the name of a gRPC code, or what became of a connection. */
  status: string;
  /** Whether it is the answer to a failure: of a success what was sent may well be a part. */
  failed: boolean;
  /** All that it says, its headers included. */
  text: string;
}

/** How long an answer may take. */
export const ANSWERS_WITHIN_MS = 10_000;
/** The status of one that took longer. */
export const NO_ANSWER = `no answer within ${ANSWERS_WITHIN_MS / 1000} s`;

/** What no input may lead to. */
const NEVER = /^(?!501$|503$|504$|505$)5\d\d$|^(INTERNAL|UNKNOWN|DATA_LOSS)$|^(no answer|connection lost)/;

/** What an answer must not say. None of the inputs looks like it. */
const INTERNALS: readonly [what: string, pattern: RegExp][] = [
  ["a stack trace", /\bat [\w.<> ]*\(?[^\s()"]+:\d+:\d+\)?/],
  ["a path of a file", /node_modules|file:\/\/|\/(home|root|usr|opt|tmp|var|work)\/\w|[\w-]+\.[mc]?[jt]s\b:\d/],
  ["the class of an error", /\b[A-Z]\w*(Error|Exception)\b: /],
  ["an error of the system", /\bE(CONN|PIPE|ADDR|HOST|TIMEDOUT|AI_|NOENT|ACCES)\w*/],
  ["a statement of SQL", /\b(select\b.+\bfrom|insert into|update\b.+\bset|delete from|returning)\b.*["$(]/i],
  [
    "a message of PostgreSQL",
    /relation "|column "|constraint "|violates|syntax error at|invalid input syntax|invalid byte sequence|duplicate key|out of range for type|failing row|SQLSTATE|\bpg_\w/i,
  ],
  [
    "the name of a table",
    /(?<!ocellus\.)\b(ingest\.(events|event_errors|outbox|deleted_events|purged_persons)|sessions\.(sessions|persons|inbox|recounts|session_aliases)|aggregation\.(quarters|hours|days|series|frontier)|access\.(clients|signing_keys|audit_records))\b/,
  ],
];

/** What is wrong with an answer; undefined where nothing is. */
export function problemOf({ status, failed, text }: Answer): string | undefined {
  if (NEVER.test(status)) return `answers ${status}: ${text.slice(0, 300)}`;
  const leak = failed ? INTERNALS.find(([, pattern]) => pattern.test(text)) : undefined;
  return leak && `tells ${leak[0]}: ${around(text, leak[1])}`;
}

/** The same for problems that differ only in what was sent. */
export function signatureOf(problem: string): string {
  return problem
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID")
    .replace(/"[^"]*"|\d+/g, "…")
    .slice(0, 120);
}

function around(text: string, pattern: RegExp): string {
  const { index, 0: found } = pattern.exec(text)!;
  return text.slice(Math.max(0, index - 60), index + found.length + 60);
}

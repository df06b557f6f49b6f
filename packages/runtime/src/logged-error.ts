/** More than this of a message is not logged. */
const MAX_MESSAGE = 300;
/** How far a chain of causes is followed. */
const MAX_DEPTH = 5;

const UNTOLD = "(what it says is not logged, since it may hold what was sent)";

/** What PostgreSQL says of an error besides texts that may hold values: its `detail` and its `where` do. */
const FACTS = ["severity", "schema", "table", "column", "constraint", "routine"] as const;

/** An error as it stands in a log. */
interface LoggedError {
  type: string;
  message: string;
  /** Where it was thrown, without its message. */
  stack: string[];
  [fact: string]: unknown;
}

/**
 * What is logged of an error: what it is and where it comes from, and nothing that was sent. Other fields of errors are left out: PostgreSQL
 * tells the row that it refused, MikroORM the object that it could not save, and a parser the text that it could not read.
 */
export function loggedError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { code?: unknown };
  const told: LoggedError = { type: error.constructor.name, message: messageOf(error), stack: framesOf(error) };
  if (typeof code === "string" || typeof code === "number") told.code = code;
  if (isOfPostgres(error)) {
    const facts = error as unknown as Record<string, unknown>;
    for (const fact of FACTS) if (typeof facts[fact] === "string") told[fact] = facts[fact];
  }
  if (depth === MAX_DEPTH) return told;
  if (error instanceof AggregateError) told.errors = error.errors.map((inner) => loggedError(inner, depth + 1));
  if (error.cause !== undefined) told.cause = loggedError(error.cause, depth + 1);
  return told;
}

/** The first line: MikroORM puts what PostgreSQL tells of the row below it. */
function messageOf(error: Error): string {
  const { code } = error as { code?: unknown };
  const quotesData = isOfPostgres(error) && String(code).startsWith("22");
  if (quotesData || error instanceof SyntaxError) return UNTOLD;
  return error.message.split("\n", 1)[0]!.slice(0, MAX_MESSAGE);
}

function framesOf({ stack = "" }: Error): string[] {
  return stack
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^at .+(:\d+:\d+\)?|\(<anonymous>\))$/.test(line));
}

function isOfPostgres(error: object): boolean {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof severity === "string" && typeof code === "string" && /^[0-9A-Z]{5}$/.test(code);
}

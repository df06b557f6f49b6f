import { Writable } from "node:stream";
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { loggedError } from "./logged-error.ts";

const SECRET = "ann@example.com";

const ofPostgres = (code: string, message: string) =>
  Object.assign(new Error(message), {
    code,
    severity: "ERROR",
    detail: `Failing row contains (1, ${SECRET}).`,
    where: `COPY events, line 1, column name: "${SECRET}"`,
    table: "persons",
    constraint: "persons_email",
    internalQuery: `select '${SECRET}'`,
  });

function parseError(): Error {
  try {
    return JSON.parse(`{"email": ${SECRET}`);
  } catch (error) {
    return error as Error;
  }
}

test.each<[string, Error]>([
  ["that PostgreSQL refused a row", ofPostgres("23514", 'new row for relation "persons" violates check constraint')],
  ["that MikroORM wrapped", ofPostgres("23505", `duplicate key\n - detail: Key (email)=(${SECRET}) already exists.`)],
  ["of a value that PostgreSQL cannot read", ofPostgres("22P02", `invalid input syntax for type uuid: "${SECRET}"`)],
  ["of a parser", parseError()],
  ["of a number", new SyntaxError(`Cannot convert ${SECRET} to a BigInt`)],
  ["with lines below the first", new Error(`Value for Person.role is required\nentity: { email: "${SECRET}" }`)],
  ["with fields of its own", Object.assign(new Error("failed"), { request: { email: SECRET }, statement: SECRET })],
  ["with a cause", new Error("failed", { cause: ofPostgres("22023", SECRET) })],
  ["of several", new AggregateError([ofPostgres("22023", SECRET)], "all failed")],
])("an error %s is logged without what was sent", (_, error) => {
  const logged = JSON.stringify(loggedError(error));
  expect(logged).not.toContain(SECRET);
  expect(logged).toContain("logged-error.test.ts");
});

test("what is no error is logged by its type alone", () => {
  expect(loggedError(SECRET)).toEqual({ type: "string" });
});

test("what an error is, where it was thrown, and what PostgreSQL says of it is told", () => {
  const error = new Error("storing failed", { cause: ofPostgres("23514", "violates a constraint") });
  expect(loggedError(error)).toMatchObject({
    type: "Error",
    message: "storing failed",
    stack: expect.arrayContaining([expect.stringContaining("logged-error.test.ts")]),
    cause: { message: "violates a constraint", code: "23514", table: "persons", constraint: "persons_email" },
  });
});

test("a chain of causes without an end is cut", () => {
  const error = new Error("again");
  error.cause = error;
  expect(JSON.stringify(loggedError(error)).split("again").length).toBeLessThan(10);
});

test("a log writes errors so, whatever else is given to it", () => {
  const lines: string[] = [];
  const out = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const log = pino({ serializers: { err: loggedError } }, out);
  log.error({ err: ofPostgres("23514", "violates"), id: 1 }, "failed");
  log.error(ofPostgres("23514", "violates"));
  expect(lines.join()).not.toContain(SECRET);
});

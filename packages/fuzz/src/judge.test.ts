import { expect, test } from "@jest/globals";
import { problemOf, signatureOf } from "./judge.ts";

test.each([
  ["500", ""],
  ["502", ""],
  ["INTERNAL", "An internal error"],
  ["UNKNOWN", ""],
  ["no answer within 10 s", ""],
  ["400", "TypeError: x is not a function\n    at read (/srv/a/services/gateway/src/main.ts:12:3)"],
  ["400", "    at async Server.<anonymous> (node:internal/timers:12:3)"],
  ["400", "Cannot find module /home/someone/x"],
  ["400", "connect ECONNREFUSED 127.0.0.1:5432"],
  ["400", 'select "a" from "ingest"."events" where "id" = $1'],
  ["INVALID_ARGUMENT", 'invalid input syntax for type uuid: "x"'],
  ["INVALID_ARGUMENT", 'new row for relation "events" violates check constraint "no_poison"'],
  ["404", "no row in sessions.persons"],
])("%s that says %j is a problem", (status, text) => {
  expect(problemOf({ status, failed: true, text })).toBeDefined();
});

test.each([
  ["200", true, ""],
  ["400", true, "events[0].name: must not be empty"],
  ["400", true, "The bytes cannot be read as ocellus.ingest.v1.TrackEventRequest: premature EOF"],
  ["503", true, "PostgreSQL cannot be reached; try again"],
  ["404", true, "No route has the path /v1/events/1; GET / lists the routes"],
  ["UNIMPLEMENTED", true, "The server does not implement the method /ocellus.ingest.v1.EventService/Nothing"],
  ["400", true, 'must hold at least 1 event","details":[{"field":"[\\"2026-11-21T18:58:27.766Z\\"]"}]'],
  ["200", false, "what was sent: select x from y where (a)"],
])("%s is an answer, %#", (status, failed, text) => {
  expect(problemOf({ status, failed, text })).toBeUndefined();
});

test("problems that differ in what was sent alone are one", () => {
  expect(signatureOf('answers 500: field "a" under 12')).toBe(signatureOf('answers 500: field "bb" under 345'));
});

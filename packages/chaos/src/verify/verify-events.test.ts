import { expect, test } from "@jest/globals";
import { microsOfSql } from "@ocellus/runtime/time.ts";
import type { Entry } from "../load/entry.ts";
import { compareEvents, type EventFindings, type StoredRow } from "./verify-events.ts";

const TIME = "2026-01-01T12:00:00.000000Z";

const row: StoredRow = {
  serial: 0,
  id: "an id",
  timestamp: TIME,
  namespace: "shop",
  name: "click",
  category: null,
  session_id: null,
  person_id: "ann",
  value: 1.5,
};

const entry: Entry = {
  serial: 0,
  event: {},
  nature: "valid",
  repeatable: true,
  outcome: "accepted",
  mayArrive: false,
  sending: 0,
  receipt: { id: "an id", timestamp: microsOfSql(TIME) },
  facts: {
    namespace: "shop",
    name: "click",
    category: undefined,
    sessionId: undefined,
    personId: "ann",
    timestamp: microsOfSql(TIME),
    value: 1.5,
  },
  changed: "no",
};

type Kind = Exclude<keyof EventFindings, "stored">;
const KINDS: Kind[] = ["lost", "doubled", "unwanted", "different", "unanswered"];

test.each<[string, StoredRow[], Partial<Entry>, Kind[]]>([
  ["an accepted event that is stored once", [row], {}, []],
  ["an accepted event that is not stored", [], {}, ["lost"]],
  ["an accepted event under two timestamps", [row, { ...row, timestamp: "2026-01-02T12:00:00Z" }], {}, ["doubled"]],
  ["an accepted event under another id", [{ ...row, id: "another" }], {}, ["different"]],
  ["an event without its update", [row], { changed: "updated", facts: { ...entry.facts, value: 2 } }, ["different"]],
  ["a deleted event that is gone", [], { changed: "deleted" }, []],
  ["a deleted event that is there", [row], { changed: "deleted" }, ["unwanted"]],
  ["a refused event that is stored", [row], { outcome: "refused" }, ["unwanted"]],
  ["a poison event that is stored", [row], { nature: "poison" }, ["unwanted"]],
  ["a poison event that is not", [], { nature: "poison" }, []],
  ["an event sent once without an answer, stored", [row], { outcome: "unknown" }, []],
  ["an event sent once without an answer, not stored", [], { outcome: "unknown" }, []],
  ["an event sent once without an answer, stored twice", [row, row], { outcome: "unknown" }, ["doubled"]],
  ["an event that was never answered", [], { outcome: "waiting" }, ["unanswered"]],
  ["an event that nobody sent", [{ ...row, serial: 1 }, row], {}, ["unwanted"]],
])("%s is found: %#", (_, rows, change, expected) => {
  const findings = compareEvents(rows, [{ ...entry, ...change }]);
  expect(KINDS.filter((kind) => findings[kind].length > 0)).toEqual(expected);
});

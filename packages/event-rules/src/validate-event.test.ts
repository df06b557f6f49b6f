import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "@jest/globals";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { isoOf, microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";
import { validateEvent } from "./validate-event.ts";

const NOW = microsOfSql("2026-01-01T12:00:00Z");
const at = (iso: string) => timestampFromDate(new Date(iso));

/** The fields that are refused, of a valid event with the given changes. */
function refused(changes: MessageInitShape<typeof EventSchema>): string[] {
  return validateEvent(create(EventSchema, { name: "ok", ...changes }), "event", NOW).map(({ field }) => field);
}

const nested = (levels: number): JsonObject => (levels === 1 ? {} : { in: nested(levels - 1) });
const nestedLists = (levels: number): JsonObject => {
  let list: unknown[] = [];
  for (let level = 3; level <= levels; level++) list = [list];
  return { in: list } as JsonObject;
};
const sized = (bytes: number): JsonObject => ({ a: "x".repeat(bytes - '{"a":""}'.length) });
const astral = "\u{1F600}";

test.each<[string, MessageInitShape<typeof EventSchema>]>([
  ["a name alone", {}],
  ["a name of 150 characters", { name: "n".repeat(150) }],
  ["a name of 150 characters beyond the basic plane", { name: astral.repeat(150) }],
  ["a namespace of 120 characters", { namespace: "n".repeat(120) }],
  ["texts of 255 characters", { category: "c".repeat(255), sessionId: "s".repeat(255), personId: "p".repeat(255) }],
  ["a timestamp exactly 5 minutes ahead", { timestamp: at("2026-01-01T12:05:00Z") }],
  ["a timestamp of the year 1", { timestamp: { seconds: -62_135_596_800n } }],
  ["a UUIDv4 with a timestamp", { id: "9b2e4f0a-51d7-4b8e-9d1c-2f6a7c8e0b13", timestamp: at("2026-01-01T00:00:00Z") }],
  ["a UUIDv7 without a timestamp", { id: "019B796D-D600-7CC0-8D3B-5A1F6E2B9C10" }],
  ["a negative value", { value: -1.5 }],
  ["empty data", { data: {} }],
  ["data of 32 levels", { data: nested(32) }],
  ["data of 32 levels of lists", { data: nestedLists(32) }],
  ["data of 32 KiB", { data: sized(32 * 1024) }],
])("%s is valid", (_, changes) => {
  expect(refused(changes)).toEqual([]);
});

test.each<[string, MessageInitShape<typeof EventSchema>, string]>([
  ["an empty name", { name: "" }, "name"],
  ["a name of 151 characters", { name: "n".repeat(151) }, "name"],
  ["an empty namespace", { namespace: "" }, "namespace"],
  ["a namespace of 121 characters", { namespace: "n".repeat(121) }, "namespace"],
  ["an empty category", { category: "" }, "category"],
  ["a category of 256 characters", { category: "c".repeat(256) }, "category"],
  ["an empty session_id", { sessionId: "" }, "session_id"],
  ["a session_id of 256 characters", { sessionId: "s".repeat(256) }, "session_id"],
  ["an empty person_id", { personId: "" }, "person_id"],
  ["a person_id of 256 characters", { personId: "p".repeat(256) }, "person_id"],
  ["an id that is no UUID", { id: "42", timestamp: at("2026-01-01T00:00:00Z") }, "id"],
  ["a UUIDv4 without a timestamp", { id: "9b2e4f0a-51d7-4b8e-9d1c-2f6a7c8e0b13" }, "id"],
  ["a UUIDv7 of tomorrow", { id: "019b7f00-0000-7cc0-8d3b-5a1f6e2b9c10" }, "id"],
  ["a timestamp more than 5 minutes ahead", { timestamp: at("2026-01-01T12:05:00.001Z") }, "timestamp"],
  ["a timestamp before the year 1", { timestamp: { seconds: -62_135_596_801n } }, "timestamp"],
  ["a timestamp beyond what PostgreSQL holds", { timestamp: { seconds: -(10n ** 15n) } }, "timestamp"],
  ["a timestamp with negative nanos", { timestamp: { seconds: 0n, nanos: -1 } }, "timestamp"],
  ["a value that is no number", { value: Number.NaN }, "value"],
  ["an infinite value", { value: Number.NEGATIVE_INFINITY }, "value"],
  ["data of 33 levels", { data: nested(33) }, "data"],
  ["data of 33 levels of lists", { data: nestedLists(33) }, "data"],
  ["data of 32 KiB and a byte", { data: sized(32 * 1024 + 1) }, "data"],
  ["data whose bytes, not characters, are too many", { data: { a: "é".repeat(16 * 1024) } }, "data"],
  ["an infinite number in data", { data: { a: [Number.POSITIVE_INFINITY] } }, "data"],
  ["U+0000 in the name", { name: "a\0b" }, "name"],
  ["U+0000 in a text", { personId: "\0" }, "person_id"],
  ["U+0000 in data", { data: { a: [{ b: "\0" }] } }, "data"],
  ["U+0000 in a key of data", { data: { "\0": 1 } }, "data"],
  ["half a character", { name: "\ud83d" }, "name"],
])("%s is refused", (_, changes, field) => {
  expect(refused(changes)).toEqual([`event.${field}`]);
});

test("all offending fields are named, each once, by their path", () => {
  const event = create(EventSchema, { namespace: "", id: "x", value: Number.NaN, data: { "\0": "\0" } });
  const violations = validateEvent(event, "events[3]", NOW);
  expect(violations.map(({ field }) => field)).toEqual(
    ["namespace", "name", "id", "value", "data"].map((field) => `events[3].${field}`),
  );
});

test("an event before events are kept is refused with the time since when they are", () => {
  const keptFrom = NOW - 1_000_000n;
  const violationsAt = (time: bigint) =>
    validateEvent(create(EventSchema, { name: "n", timestamp: timestampOf(time) }), "event", NOW, keptFrom);
  expect(violationsAt(keptFrom)).toEqual([]);
  const [violation] = violationsAt(keptFrom - 1n);
  expect(violation?.field).toBe("event.timestamp");
  expect(violation?.description).toContain(isoOf(keptFrom));
});

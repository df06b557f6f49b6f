import { create, type DescMessage, type JsonValue } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { QueryAggregatesRequestSchema } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { ListEventsRequestSchema } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { BatchTrackEventsRequestSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { Problems } from "./problems.ts";
import { readMessage } from "./read-message.ts";

function read(desc: DescMessage, json: JsonValue) {
  const message = create(desc);
  const problems = new Problems();
  readMessage(desc, message, json, "", problems);
  return { message, violations: problems.violations };
}

/** JSON as it comes from the network: with `__proto__` as a key, and numbers beyond a double. */
const parsed = (text: string): JsonValue => JSON.parse(text);

test("both spellings of a name are read", () => {
  const { message, violations } = read(EventSchema, { sessionId: "s", person_id: "p", name: "n", value: "1.5" });
  expect(violations).toEqual([]);
  expect(message).toMatchObject({ sessionId: "s", personId: "p", name: "n", value: 1.5 });
});

test("short enum values and lenient times are read wherever they stand", () => {
  const json = { granularity: "hour", aggregation_type: "p", tsMin: "2026-01-31", ts_max: 5 };
  const { message, violations } = read(QueryAggregatesRequestSchema, json);
  expect(message).toMatchObject({ granularity: 2, tsMin: { seconds: 1_769_817_600n }, tsMax: { seconds: 5n } });
  expect(violations.map(({ field }) => field)).toEqual(["aggregation_type"]);
});

test("null leaves a field out", () => {
  const { message, violations } = read(EventSchema, { name: "n", value: null, timestamp: null, data: null });
  expect(violations).toEqual([]);
  expect(message).toEqual(create(EventSchema, { name: "n" }));
});

test("data keeps a key __proto__ as a key", () => {
  const { message, violations } = read(EventSchema, parsed('{"data":{"__proto__":{"polluted":true}}}'));
  expect(violations).toEqual([]);
  expect(JSON.stringify(message)).toContain('"__proto__":{"polluted":true}');
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test("a number beyond a double is infinite, for its service to refuse", () => {
  expect(read(EventSchema, parsed('{"value":1e999}')).message).toMatchObject({ value: Number.POSITIVE_INFINITY });
});

test("every problem is named in one go", () => {
  const json: JsonValue = { events: [{ name: 5, foo: 1 }, 7, { data: [], value: "x", session_id: {} }], other: 1 };
  expect(read(BatchTrackEventsRequestSchema, json).violations).toEqual([
    { field: "events[0].name", description: "must be a text, and is 5" },
    { field: "events[0].foo", description: "is not a field of Event" },
    { field: "events[1]", description: "must be an object, and is 7" },
    { field: "events[2].data", description: "must be an object, and is a list" },
    { field: "events[2].value", description: 'must be a number, and is "x"' },
    { field: "events[2].session_id", description: "must be a text, and is an object" },
    { field: "other", description: "is not a field of BatchTrackEventsRequest" },
  ]);
});

test.each<[string, DescMessage, string, string, string]>([
  ["no object", EventSchema, "[]", "body", "must be an object, and is a list"],
  ["no list", BatchTrackEventsRequestSchema, '{"events":{}}', "events", "must be a list, and is an object"],
  ["null in a list", BatchTrackEventsRequestSchema, '{"events":[null]}', "events[0]", "must be an object, and is null"],
  [
    "a field twice",
    EventSchema,
    '{"session_id":"a","sessionId":"b"}',
    "sessionId",
    "must not be given beside session_id",
  ],
  ["a fraction", ListEventsRequestSchema, '{"pageSize":1.5}', "pageSize", "from -2147483648 to 2147483647, and is 1.5"],
  ["a large number", ListEventsRequestSchema, '{"pageSize":3e9}', "pageSize", "and is 3000000000"],
  ["half a surrogate pair", EventSchema, '{"name":"\\ud800"}', "name", "unpaired surrogate"],
  ["half a pair in data", EventSchema, '{"data":{"a":["\\udc00"]}}', "data", "unpaired surrogate"],
  ["half a pair in a key", EventSchema, '{"data":{"\\udc00":1}}', "data", "unpaired surrogate"],
  ["a key __proto__", EventSchema, '{"__proto__":{"name":"n"}}', "__proto__", "is not a field of Event"],
  ["an odd key", EventSchema, '{"a b":1}', '["a b"]', "is not a field of Event"],
])("%s is refused", (_, desc, text, field, description) => {
  const { violations } = read(desc, parsed(text));
  expect(violations).toEqual([{ field, description: expect.stringContaining(description) }]);
});

test("32 levels of data are read, and a depth that would overflow the stack is refused", () => {
  const nested = (depth: number) => `{"data":${'{"a":'.repeat(depth - 1)}{}${"}".repeat(depth)}`;
  expect(read(EventSchema, parsed(nested(32))).violations).toEqual([]);
  expect(read(EventSchema, parsed(nested(200_000))).violations).toEqual([
    { field: "data", description: "must not be deeper than 100 levels" },
  ]);
});

test("so many problems that the answer would be far larger than the request are counted, not listed", () => {
  const json = Object.fromEntries(Array.from({ length: 10_002 }, (_, index) => [`k${index}`, 1]));
  const { violations } = read(EventSchema, json);
  expect(violations).toHaveLength(10_001);
  expect(violations.at(-1)).toEqual({ field: "body", description: "has 2 further problems, not listed here" });
});

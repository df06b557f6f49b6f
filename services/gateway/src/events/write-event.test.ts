import { create, fromBinary, type JsonValue } from "@bufbuild/protobuf";
import { describe, expect, test } from "@jest/globals";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { TrackEventRequestSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { Growing } from "@ocellus/wire/growing.ts";
import { diceOf } from "../../../../test/support/dice.ts";
import { Problems } from "../json/problems.ts";
import { readMessage } from "../json/read-message.ts";
import { writeEvent } from "./write-event.ts";

/** The event as it was written; undefined where it was left to the slow way. */
function written(json: JsonValue) {
  const out = new Growing(16);
  out.byte(0x0a);
  const isWritten = writeEvent(json, out);
  expect(isWritten || out.length === 1).toBe(true);
  const bytes = out.take().subarray(1);
  return isWritten ? fromBinary(TrackEventRequestSchema, bytes, { recursionLimit: 400 }).event : undefined;
}

/** The event as `readMessage` reads it; undefined where it refuses it. */
function read(json: JsonValue) {
  const message = create(EventSchema);
  const problems = new Problems();
  readMessage(EventSchema, message, json, "", problems);
  return problems.violations.length === 0 ? message : undefined;
}

const parsed = (text: string): JsonValue => JSON.parse(text);

const ordinary = {
  id: "01890a5d-ac96-774b-bcce-b302099a8057",
  namespace: "shop",
  name: "größe 😀",
  category: "page interaction",
  session_id: "visit-1",
  personId: "ann",
  timestamp: "2026-01-31T12:00:00.123Z",
  value: -12.5,
  data: { path: "/", "": "ñ".repeat(70), nested: { list: [1, "a", null, true, [], { deep: {} }] }, big: 1e21 },
};

test("an ordinary event is written", () => {
  expect(written(ordinary)).toEqual(read(ordinary));
  expect(written(ordinary)?.data).toEqual(ordinary.data);
  expect(written({})).toEqual(read({}));
});

test.each([
  "2026-01-31T12:00:00Z",
  "2024-02-29T23:59:59.999Z",
  "2026-01-31T12:00:00.123456789Z",
  "2026-01-31T12:00:00+02:00",
  "2026-01-31 12:00",
  "2026-01-31",
  "1970-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999Z",
  1_769_860_800,
  "1769860800.5",
])("the time %s is written", (timestamp) => {
  expect(written({ name: "n", timestamp })?.timestamp).toEqual(read({ timestamp })?.timestamp);
});

let deep: JsonValue = {};
for (let level = 1; level <= 32; level++) deep = { deep };

test.each<[string, JsonValue]>([
  ["is a list", []],
  ["is null", null],
  ["is a text", "n"],
  ["has a field that no event has", { name: "n", colour: "red" }],
  ["has a field of Object.prototype", parsed('{"name":"n","__proto__":{}}')],
  ["names its session twice", { session_id: "a", sessionId: "a" }],
  ["names its person twice", { personId: "a", name: "n", person_id: "b" }],
  ["has a name that is no text", { name: 5 }],
  ["leaves a field out by null", { name: "n", category: null }],
  ["has a number in quotes", { value: "1.5" }],
  ["has an infinite value", parsed('{"value":1e999}')],
  ["has a time that is none", { timestamp: "2026-02-30T00:00:00Z" }],
  ["has a leap second", { timestamp: "2026-01-31T23:59:60Z" }],
  ["has a 25th hour", { timestamp: "2026-01-31T24:00:00Z" }],
  ["lies before 1970", { timestamp: "1969-12-31T23:59:59Z" }],
  ["has a date of letters", { timestamp: "2o26-01-31T12:00:00Z" }],
  ["tells when it was received", { receiveTime: "2026-01-31T12:00:00Z" }],
  ["has data that is a list", { data: [] }],
  ["has data that is null", { data: null }],
  ["has data too deep", { data: deep }],
  ["has lists too deep", { data: { a: parsed("[".repeat(40) + "]".repeat(40)) } }],
  ["has __proto__ in its data", parsed('{"data":{"a":[{"__proto__":1}]}}')],
  ["has an infinite number in its data", parsed('{"data":{"a":[-1e999]}}')],
  ["has half a surrogate pair in its name", parsed('{"name":"\\ud800"}')],
  ["has half a surrogate pair in its data", parsed('{"data":{"a":"\\udc00"}}')],
  ["has half a surrogate pair in a key", parsed('{"data":{"\\ud800":1}}')],
])("an event that %s is left to the slow way", (_, json) => {
  expect(written(json)).toBeUndefined();
});

describe("against the slow way", () => {
  const dice = diceOf(20_261_121);
  const below = (limit: number) => Math.floor(dice() * limit);
  const oneOf = <T>(choices: readonly T[]): T => choices[below(choices.length)]!;
  const LETTERS = ["a", "Z", "\0", "ä", "€", "😀", '"', "\\", "\ud800", "\u2028"];
  const text = (max: number) =>
    Array.from({ length: below(max) }, () => LETTERS[below(dice() < 0.97 ? 2 : 10)]).join("");
  const number = () => (dice() - 0.5) * 10 ** below(308);
  const value = (depth: number): JsonValue => {
    const kind = below(depth > 4 ? 4 : 6);
    if (kind === 0) return text(200);
    if (kind === 1) return dice() < 0.5 ? below(100) : number();
    if (kind === 2) return dice() < 0.5;
    if (kind === 3) return null;
    if (kind === 4) return Array.from({ length: below(6) }, () => value(depth + 1));
    return object(depth + 1);
  };
  const object = (depth: number): Record<string, JsonValue> =>
    Object.fromEntries(
      Array.from({ length: below(5) }, () => [dice() < 0.1 ? String(below(99)) : text(9), value(depth)]),
    );
  const pad = (limit: number, start = 0) => String(start + below(limit)).padStart(2, "0");
  const time = () => {
    const date = `${oneOf([1969, 1970, 2024, 2026, 9999])}-${pad(13)}-${pad(32)}`;
    const zone = oneOf(["Z", "Z", "Z", "z", "", "+01:30"]);
    return `${date}T${pad(25)}:${pad(61)}:${pad(61)}${oneOf(["", ".000", ".999", ".5", ".123456", ".1234567890"])}${zone}`;
  };
  const KEYS = {
    id: () => text(40),
    namespace: () => text(130),
    name: () => text(160),
    category: () => text(20),
    sessionId: () => text(20),
    session_id: () => text(20),
    person_id: () => text(20),
    timestamp: () => (dice() < 0.8 ? time() : below(2_000_000_000)),
    value: number,
    data: () => object(1),
    colour: () => text(3),
  };
  const event = () => {
    const keys = Object.keys(KEYS).filter((key) => dice() < (key === "colour" || key === "session_id" ? 0.05 : 0.5));
    const entries = keys.map((key) => [key, dice() < 0.02 ? value(1) : KEYS[key as keyof typeof KEYS]()]);
    return parsed(JSON.stringify(Object.fromEntries(entries.sort(() => dice() - 0.5))));
  };

  test("what is written of 3 000 random events is what would be read, and that is most of what is right", () => {
    let count = 0;
    let readable = 0;
    for (let round = 0; round < 3_000; round++) {
      const json = event();
      const [fast, slow] = [written(json), read(json)];
      if (slow) readable++;
      if (!fast) continue;
      count++;
      expect(fast).toEqual(slow);
    }
    expect(count).toBeGreaterThan(readable * 0.9);
    expect(count).toBeGreaterThan(500);
  });
});

import { create, fromBinary, type JsonObject, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "@jest/globals";
import { validateEvent } from "@ocellus/event-rules/validate-event.ts";
import { type Event, EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import { diceOf } from "../../../../test/support/dice.ts";
import { HAS_ID, HAS_NAME, HAS_NAMESPACE, HAS_SESSION, HAS_TIMESTAMP, NOT_KNOWN, scanEvent } from "./scan-event.ts";

const NOW_SECONDS = 1_790_000_000;
const KEPT_SECONDS = -1;
const NOW = BigInt(NOW_SECONDS) * 1_000_000n;

const scan = (bytes: Uint8Array) =>
  scanEvent(new Reader(Buffer.from(bytes)), bytes.length, KEPT_SECONDS, NOW_SECONDS, found);
const found = { idStart: 0, timestampStart: 0, timestampEnd: 0 };
const encoded = (event: Partial<Event>) => toBinary(EventSchema, create(EventSchema, event as Event));

const ID = "01890a5d-ac96-774b-bcce-b302099a8057";
const ordinary = {
  id: ID,
  namespace: "shop",
  name: "pageview",
  category: "page interaction",
  sessionId: "visit-1",
  personId: "ann",
  timestamp: timestampOf(NOW - 1n),
  value: -12.5,
  data: { path: "/", größe: "ñ", nested: { list: [1, "a", null, true, { deep: [] }] }, empty: {} },
};

test("an ordinary event is known to be valid, with what identifies it", () => {
  expect(scan(encoded(ordinary)) & (HAS_ID | HAS_NAMESPACE | HAS_NAME | HAS_SESSION | HAS_TIMESTAMP)).toBe(
    HAS_ID | HAS_NAMESPACE | HAS_NAME | HAS_SESSION | HAS_TIMESTAMP,
  );
  expect(scan(encoded({ name: "n" }))).toBe(HAS_NAME);
});

let deep: JsonObject = {};
for (let level = 1; level < 33; level++) deep = { deep };

test("it is told where id and timestamp are", () => {
  const bytes = Buffer.from(encoded(ordinary));
  scan(bytes);
  expect(bytes.toString("latin1", found.idStart, found.idStart + 36)).toBe(ID);
  const timestamp = bytes.subarray(found.timestampStart, found.timestampEnd);
  expect(fromBinary(TimestampSchema, timestamp)).toEqual(ordinary.timestamp);
});

test.each<[string, Partial<Event>]>([
  ["has no name", {}],
  ["has an empty session", { name: "n", sessionId: "" }],
  ["has a name that may be too long", { name: "n".repeat(151) }],
  ["has an id in upper case", { name: "n", id: ID.toUpperCase(), timestamp: timestampOf(NOW) }],
  ["has an id that is no UUID", { name: "n", id: "0".repeat(36), timestamp: timestampOf(NOW) }],
  ["has an id without a timestamp", { name: "n", id: ID }],
  ["lies in the future", { name: "n", timestamp: timestampOf(NOW + 301_000_000n) }],
  ["lies before 1970", { name: "n", timestamp: timestampOf(-1n) }],
  ["lies between two microseconds", { name: "n", timestamp: create(TimestampSchema, { seconds: 1n, nanos: 1 }) }],
  ["has an infinite value", { name: "n", value: Infinity }],
  ["has a value that is no number", { name: "n", value: NaN }],
  ["has U+0000 in its data", { name: "n", data: { a: "\0" } }],
  ["has U+0000 after other letters", { name: "nä\0" }],
  ["has data too deep", { name: "n", data: deep }],
  ["has data that may be too large", { name: "n", data: { a: "a".repeat(5400) } }],
  ["tells when it was received", { name: "n", receiveTime: timestampOf(NOW) }],
])("an event that %s is left to the slow way", (_, event) => {
  expect(scan(encoded(event))).toBe(NOT_KNOWN);
});

test.each<[string, number[]]>([
  ["holds a field twice", [0x1a, 1, 0x61, 0x1a, 1, 0x62]],
  ["holds a field that no event has", [0x1a, 1, 0x61, 0x7a, 0]],
  ["ends within a field", [0x1a, 2, 0x61]],
  ["holds a text that is no UTF-8", [0x1a, 2, 0xc3, 0x28]],
  ["holds an unpaired surrogate", [0x1a, 3, 0xed, 0xa0, 0x80]],
  ["holds a group", [0x1b, 0x1c]],
  ["holds a value without a kind", [0x1a, 1, 0x61, 0x4a, 7, 0x0a, 5, 0x0a, 1, 0x6b, 0x12, 0]],
])("bytes of which one %s are left to the slow way", (_, bytes) => {
  expect(scan(Uint8Array.from(bytes))).toBe(NOT_KNOWN);
});

describe("against the slow way", () => {
  const dice = diceOf(20_261_121);
  const below = (limit: number) => Math.floor(dice() * limit);
  const LETTERS = ["a", "\0", "ä", "€", "😀", '"', "\\", "\u0001", "\u2028", "z"];
  const text = (max: number) =>
    Array.from({ length: below(max) }, () => LETTERS[below(dice() < 0.9 ? 1 : 10)]).join("");
  const value = (depth: number): JsonValue => {
    const kind = below(depth > 4 ? 4 : 6);
    if (kind === 0) return text(30);
    if (kind === 1) return (dice() - 0.5) * 10 ** below(300);
    if (kind === 2) return dice() < 0.5;
    if (kind === 3) return null;
    if (kind === 4) return Array.from({ length: below(4) }, () => value(depth + 1));
    return object(depth + 1);
  };
  const object = (depth: number): JsonObject =>
    Object.fromEntries(Array.from({ length: below(5) }, () => [text(9), value(depth)]));
  const maybe = <T>(make: () => T) => (dice() < 0.5 ? make() : undefined);
  const event = (): Uint8Array =>
    encoded({
      id: dice() < 0.5 ? ID : "",
      namespace: maybe(() => text(130)),
      name: text(160),
      category: maybe(() => text(20)),
      sessionId: maybe(() => text(20)),
      personId: maybe(() => text(20)),
      timestamp: maybe(() => timestampOf(NOW - 10_000_000n + BigInt(below(320_000_000)))),
      value: maybe(() => dice() * 10 ** below(310)),
      data: maybe(() => object(1)),
    });
  const mutated = (bytes: Uint8Array): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    for (let times = below(3); times >= 0; times--)
      copy[below(copy.length)] = dice() < 0.5 ? below(256) : below(12) * 8 + 2;
    return dice() < 0.2 ? copy.subarray(0, below(copy.length)) : copy;
  };

  test("what is known to be valid is valid, in 10 000 random and mutated events, of which many are known", () => {
    let known = 0;
    for (let round = 0; round < 10_000; round++) {
      const whole = event();
      const bytes = round % 2 === 0 || whole.length === 0 ? whole : mutated(whole);
      const seen = scan(bytes);
      if (seen === NOT_KNOWN) continue;
      known++;
      const read = fromBinary(EventSchema, bytes, { recursionLimit: 400 });
      expect(validateEvent(read, "event", NOW)).toEqual([]);
      expect([read.$unknown, read.receiveTime, read.updateTime]).toEqual([undefined, undefined, undefined]);
      expect(read.id).toBe(read.id.toLowerCase());
      expect([(seen & HAS_ID) !== 0, (seen & HAS_NAMESPACE) !== 0]).toEqual([
        read.id !== "",
        read.namespace !== undefined,
      ]);
      const [hasSession, hasTimestamp] = [(seen & HAS_SESSION) !== 0, (seen & HAS_TIMESTAMP) !== 0];
      expect([hasSession, hasTimestamp]).toEqual([read.sessionId !== undefined, read.timestamp !== undefined]);
    }
    expect(known).toBeGreaterThan(1000);
  });
});

test.each([
  ["at the time since when events are kept", NOW, NOW_SECONDS, true],
  ["just before it", NOW - 1n, NOW_SECONDS, false],
  ["at 1970, when later ones are kept", 0n, 1, false],
  ["at 1970, when earlier ones are kept", 0n, -1, true],
])("an event %s: known to be valid %#", (_, time, keptFrom, expected) => {
  const bytes = Buffer.from(encoded({ name: "n", timestamp: timestampOf(time) }));
  const seen = scanEvent(new Reader(bytes), bytes.length, keptFrom, NOW_SECONDS, found);
  expect(seen !== NOT_KNOWN).toBe(expected);
});

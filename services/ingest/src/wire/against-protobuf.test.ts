import { fromBinary, fromJson, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "@jest/globals";
import { validateEvent } from "@ocellus/event-rules/validate-event.ts";
import { encodedMessages } from "@ocellus/fuzz/inputs/messages.ts";
import { mutated } from "@ocellus/fuzz/inputs/mutate.ts";
import { jsons, texts } from "@ocellus/fuzz/inputs/nasty.ts";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { AcceptedEventsSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { microsOf as microsOfTimestamp, nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import { EVENTS } from "@ocellus/wire/event-tags.ts";
import { Growing } from "@ocellus/wire/growing.ts";
import { Reader } from "@ocellus/wire/reader.ts";
import { microsOf } from "@ocellus/wire/timestamp.ts";
import fc from "fast-check";
import { readAccepted } from "./read-accepted.ts";
import { FIELD } from "./read-event.ts";
import { HAS_ID, HAS_TIMESTAMP, NOT_KNOWN, scanEvent } from "./scan-event.ts";
import { writeStructJson } from "./struct-json.ts";

const RUNS = 3000;
const ID = "01890a5d-ac96-774b-bcce-b302099a8057";
const found = { idStart: 0, timestampStart: 0, timestampEnd: 0 };

const scan = (bytes: Uint8Array) =>
  scanEvent(new Reader(Buffer.from(bytes)), bytes.length, -1, Number(nowMicros() / 1_000_000n), found);
const read = (bytes: Uint8Array) => fromBinary(EventSchema, bytes, { recursionLimit: 400 });

/** Events such as most are, in the encoding that everybody has: they must not take the slow way. */
const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 10 }).filter((text) => !text.includes("\0"));
const ordinary = fc
  .record(
    {
      id: fc.constant(ID),
      namespace: word,
      name: word,
      category: word,
      sessionId: word,
      personId: word,
      timestamp: fc.integer({ min: 0, max: 1_700_000_000_000 }).map((millis) => timestampOf(BigInt(millis) * 1000n)),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      data: fc.dictionary(word, jsons(word), { maxKeys: 4 }) as fc.Arbitrary<JsonObject>,
    },
    { requiredKeys: ["name", "timestamp"] },
  )
  .map((event) => encode(EventSchema, event));
const any = fc.oneof(
  ordinary,
  mutated(ordinary),
  mutated(encodedMessages(EventSchema, texts(["shop", ID]))),
  encodedMessages(EventSchema, texts(["shop", ID])),
);

test("what the scanner takes, protobuf-es decodes to the same, and finds it valid", () => {
  let taken = 0;
  fc.assert(
    fc.property(any, (bytes) => {
      const seen = scan(bytes);
      if (seen === NOT_KNOWN) return;
      const event = read(bytes);
      expect(validateEvent(event, "event", nowMicros())).toEqual([]);
      if ((seen & HAS_ID) === 0 || (seen & HAS_TIMESTAMP) === 0) return;
      taken++;
      const received = encode(AcceptedEventsSchema, { receiveTime: timestampOf(nowMicros()) });
      const message = Buffer.concat([received, Buffer.of(EVENTS), varint(bytes.length), bytes]);
      const [queued] = readAccepted(message);
      const scanned = queued!.event;
      const text = (field: number) => (scanned.has(field) ? scanned.text(field) : undefined);
      expect({
        id: text(FIELD.id),
        namespace: text(FIELD.namespace),
        name: text(FIELD.name),
        category: text(FIELD.category),
        sessionId: text(FIELD.sessionId),
        personId: text(FIELD.personId),
        time: microsOf(scanned.time),
        value: scanned.has(FIELD.value) ? scanned.bytes.readDoubleLE(scanned.start(FIELD.value)) : undefined,
        data: scanned.has(FIELD.data)
          ? dataIn(scanned.bytes, scanned.start(FIELD.data), scanned.end(FIELD.data))
          : undefined,
      }).toEqual({
        id: event.id,
        namespace: event.namespace,
        name: event.name,
        category: event.category,
        sessionId: event.sessionId,
        personId: event.personId,
        time: microsOfTimestamp(event.timestamp!),
        value: event.value,
        data: event.data && JSON.parse(JSON.stringify(event.data)),
      });
    }),
    { numRuns: RUNS },
  );
  expect(taken).toBeGreaterThan(RUNS / 20);
});

test("what is ordinary, the scanner takes", () => {
  fc.assert(
    fc.property(ordinary, (bytes) => {
      expect(scan(bytes)).not.toBe(NOT_KNOWN);
    }),
    { numRuns: RUNS },
  );
});

test("the JSON of data is that of protobuf-es", () => {
  fc.assert(
    fc.property(fc.dictionary(word, jsons(word), { maxKeys: 5 }) as fc.Arbitrary<JsonObject>, (data) => {
      const bytes = Buffer.from(toBinary(StructSchema, fromJson(StructSchema, data)));
      expect(dataIn(bytes, 0, bytes.length)).toEqual(JSON.parse(JSON.stringify(data)));
    }),
    { numRuns: RUNS },
  );
});

function dataIn(bytes: Buffer, start: number, end: number): unknown {
  const out = new Growing(16);
  writeStructJson(new Reader(bytes, start), end, out);
  return JSON.parse(out.take().toString());
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.of(...bytes, rest);
}

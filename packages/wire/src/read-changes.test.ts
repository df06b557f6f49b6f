import { fromBinary, type JsonValue, type MessageInitShape, toBinary, toJson } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "@jest/globals";
import {
  ChangeType,
  type EventChange,
  EventChangeSchema,
  type EventChanges,
  EventChangesSchema,
} from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { EARLIEST, LATEST, microsOf, timestampOf } from "@ocellus/runtime/time.ts";
import { diceOf } from "../../../test/support/dice.ts";
import { ChangesMessage } from "./read-changes.ts";
import { ABSENT, type StoredChange } from "./stored-change.ts";
import { textIn } from "./text.ts";

const ID = "01890a5d-ac96-774b-bcce-b302099a8057";

/** What a consumer learns of a message, as plain values. */
function told(bytes: Uint8Array) {
  const message = new ChangesMessage(bytes);
  const stored: object[] = [];
  const others: JsonValue[] = [];
  message.tell({ stored: (change) => stored.push(plain(change)), other: (change) => others.push(known(change)) });
  return { id: message.id, transactionId: message.transactionId, count: message.count, stored, others };
}

/** All of a change but what nobody knows. */
const known = (change: EventChange) => toJson(EventChangeSchema, change);

function plain(change: StoredChange) {
  const text = (start: number, end: number) => (start === ABSENT ? undefined : textIn(change.bytes, start, end));
  return {
    eventId: text(change.idStart, change.idEnd),
    namespace: text(change.namespaceStart, change.namespaceEnd),
    name: text(change.nameStart, change.nameEnd),
    sessionId: text(change.sessionStart, change.sessionEnd),
    personId: text(change.personStart, change.personEnd),
    time: BigInt(change.seconds) * 1_000_000n + BigInt(change.micros),
  };
}

/** The same, as protobuf-es tells it. */
function expected(bytes: Uint8Array) {
  const { id, transactionId, changes } = fromBinary(EventChangesSchema, bytes);
  const isStored = ({ type }: EventChange) => type === ChangeType.STORED;
  const stored = changes
    .filter((change) => isStored(change) && change.timestamp)
    .map(({ eventId, namespace, name, sessionId, personId, timestamp }) => {
      return { eventId, namespace, name, sessionId, personId, time: microsOf(timestamp!) };
    });
  return {
    id,
    transactionId,
    count: changes.length,
    stored,
    others: changes.filter((change) => !isStored(change)).map(known),
  };
}

type Message = MessageInitShape<typeof EventChangesSchema>;

/** A message as it may come: of any changes, with times from the first to the last that there are. */
function randomMessage(random: () => number): Message {
  const oneOf = <T>(...values: T[]) => values[Math.floor(random() * values.length)]!;
  const text = () => oneOf("", "a", "ann", "größe €😀", "x".repeat(200));
  const time = () =>
    oneOf(
      EARLIEST,
      LATEST,
      -1n,
      0n,
      BigInt(Math.floor((random() - 0.5) * 2 ** 53)),
      1_790_000_000_000_000n + BigInt(Math.floor(random() * 1e9)),
    );
  const change = (depth: number): MessageInitShape<typeof EventChangeSchema> => ({
    type: oneOf(ChangeType.STORED, ChangeType.STORED, ChangeType.UPDATED, ChangeType.DELETED, 7 as ChangeType),
    eventId: oneOf(ID, ""),
    namespace: text(),
    name: text(),
    sessionId: oneOf(undefined, text()),
    personId: oneOf(undefined, text()),
    timestamp: oneOf(timestampOf(time()), timestampOf(time()), undefined),
    previous: depth > 0 && random() < 0.3 ? change(depth - 1) : undefined,
  });
  return {
    id: oneOf(ID, ""),
    transactionId: oneOf(0n, 1n, 123_456_789n, 2n ** 53n, 2n ** 64n - 1n),
    changes: Array.from({ length: Math.floor(random() * 5) }, () => change(1)),
  };
}

describe("a message tells what protobuf-es reads in it", () => {
  test.each(Array.from({ length: 20 }, (_, seed) => [seed]))("whatever it holds (seed %d)", (seed) => {
    const random = diceOf(seed);
    for (let round = 0; round < 100; round++) {
      const bytes = encode(EventChangesSchema, randomMessage(random));
      expect(told(bytes)).toEqual(expected(bytes));
    }
  });

  test.each(Array.from({ length: 20 }, (_, seed) => [seed]))("however it is encoded (seed %d)", (seed) => {
    const random = diceOf(seed);
    for (let round = 0; round < 100; round++) {
      const message = fromBinary(EventChangesSchema, encode(EventChangesSchema, randomMessage(random)));
      const bytes = shuffled(message, random);
      expect(told(bytes)).toEqual(expected(bytes));
    }
  });
});

/** An encoding of the message with fields in any order, that come twice, that nobody knows, or whose tags are too long. */
function shuffled({ id, transactionId, changes }: EventChanges, random: () => number): Uint8Array {
  const fields: Uint8Array[] = changes.map((change) => field(2, shuffledChange(change, random)));
  fields.push(field(1, Buffer.from(id)), new BinaryWriter().tag(3, WireType.Varint).uint64(transactionId).finish());
  return joined(fields, random);
}

function shuffledChange(change: EventChange, random: () => number): Uint8Array {
  const { type, eventId, namespace, name, sessionId, personId, timestamp, previous } = change;
  const texts = [eventId, namespace, name, sessionId, personId].map((text, index): [number, Uint8Array?] => [
    index + 2,
    text === undefined ? undefined : Buffer.from(text),
  ]);
  const time = timestamp && toBinary(TimestampSchema, timestamp);
  const before = previous && toBinary(EventChangeSchema, previous);
  const fields = [...texts, [7, time] as const, [8, before] as const].flatMap(([number, bytes]) =>
    bytes ? [field(number, bytes)] : [],
  );
  fields.unshift(new BinaryWriter().tag(1, WireType.Varint).int32(type).finish());
  return joined(fields, random);
}

const field = (number: number, bytes: Uint8Array) =>
  new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(bytes).finish();

function joined(fields: Uint8Array[], random: () => number): Uint8Array {
  const mixed = [...fields];
  if (random() < 0.3) mixed.push(new BinaryWriter().tag(99, WireType.Varint).uint32(1).finish());
  if (random() < 0.3) mixed.push(new BinaryWriter().tag(15, WireType.LengthDelimited).string("unknown").finish());
  if (random() < 0.3) mixed.sort(() => random() - 0.5);
  // The tag of the first field in two bytes instead of one.
  if (random() < 0.3 && mixed.length > 0)
    mixed[0] = Uint8Array.from([mixed[0]![0]! | 0x80, ...(mixed[0]![0]! < 0x80 ? [0] : []), ...mixed[0]!.subarray(1)]);
  return Buffer.concat(mixed);
}

test("of a field that comes twice the last counts, as in protobuf-es", () => {
  const once = encode(EventChangeSchema, { type: ChangeType.STORED, name: "first", timestamp: timestampOf(1n) });
  const twice = Buffer.concat([once, encode(EventChangeSchema, { name: "last" })]);
  const bytes = field(2, twice);
  expect(told(bytes)).toEqual(expected(bytes));
  expect(told(bytes).stored).toEqual([expect.objectContaining({ name: "last" })]);
});

test.each<[string, number[]]>([
  ["ends within a field", [0x12, 5, 0x08]],
  ["holds a change that ends within a field", [0x12, 3, 0x08, 1, 0x12]],
  ["holds a group that does not end", [0x0b]],
])("a message that %s is none", (_, bytes) => {
  expect(() => told(Uint8Array.from(bytes))).toThrow("cannot be read as");
});

test("a text that is no UTF-8 is none", () => {
  expect(() => textIn(Buffer.from([0xc3, 0x28]), 0, 2)).toThrow("no UTF-8");
});

import fc from "fast-check";

/** One change of bytes. Its place is a part of their length, so that it fits any. */
interface Mutation {
  kind: "flip" | "set" | "cut" | "insert" | "repeat" | "splice" | "end";
  /** From 0 to 1. */
  at: number;
  length: number;
  bytes: Uint8Array;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom<Mutation["kind"]>("flip", "set", "cut", "insert", "repeat", "splice", "end"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 40 }),
  bytes: fc.oneof(
    fc.constantFrom(
      Uint8Array.of(0),
      Uint8Array.of(255),
      Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 1),
      Uint8Array.of(0xc3, 0x28),
      Uint8Array.of(0xed, 0xa0, 0x80),
    ),
    fc.uint8Array({ minLength: 1, maxLength: 12 }),
  ),
});

/** Bytes of `source` with up to six changes; a splice takes the rest from another of them. */
export function mutated(source: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(source, source, fc.array(mutation, { minLength: 1, maxLength: 6 }))
    .map(([bytes, other, mutations]) => mutations.reduce((changed, next) => mutate(changed, other, next), bytes));
}

/** The same of a text. What is no UTF-8 any more becomes U+FFFD. */
export function mutatedText(source: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return mutated(source.map((text) => Buffer.from(text))).map((bytes) => Buffer.from(bytes).toString());
}

function mutate(bytes: Uint8Array, other: Uint8Array, { kind, at, length, bytes: more }: Mutation): Uint8Array {
  const place = Math.floor(at * bytes.length);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  const rest = after.subarray(kind === "insert" || kind === "repeat" ? 0 : Math.min(length, after.length));
  switch (kind) {
    case "flip": {
      const copy = Uint8Array.from(bytes);
      if (place < copy.length) copy[place]! ^= 1 << (length % 8);
      return copy;
    }
    case "set":
      return Buffer.concat([before, more, after.subarray(more.length)]);
    case "cut":
      return Buffer.concat([before, rest]);
    case "insert":
      return Buffer.concat([before, more, after]);
    case "repeat":
      return Buffer.concat([before, ...Array<Uint8Array>(3).fill(after.subarray(0, length)), after]);
    case "splice":
      return Buffer.concat([before, other.subarray(Math.floor(at * other.length))]);
    case "end":
      return before;
  }
}

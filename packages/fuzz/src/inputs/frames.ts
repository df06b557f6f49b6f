import fc from "fast-check";
import { mutated } from "./mutate.ts";

/** A frame of HTTP/2 (RFC 9113, section 4.1). */
interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Uint8Array;
  /** The length that it says; that of its payload unless it lies. */
  length?: number;
}

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const TYPE = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, ping: 6, goAway: 7, window: 8, continued: 9 };
const END_STREAM = 1;
const END_HEADERS = 4;

/** A conversation as a client has it: its preface, and two requests. */
export function conversation(headers: [string, string][], body: Uint8Array): Frame[] {
  const request = (stream: number): Frame[] => [
    { type: TYPE.headers, flags: END_HEADERS, stream, payload: block(headers) },
    { type: TYPE.data, flags: END_STREAM, stream, payload: body },
  ];
  return [
    { type: TYPE.settings, flags: 0, stream: 0, payload: Uint8Array.of(0, 3, 0, 0, 0, 100, 0, 4, 0, 1, 0, 0) },
    { type: TYPE.window, flags: 0, stream: 0, payload: Uint8Array.of(0, 1, 0, 0) },
    ...request(1),
    { type: TYPE.ping, flags: 0, stream: 0, payload: new Uint8Array(8) },
    ...request(3),
  ];
}

/** Such conversations with frames that are left out, come twice, lie or are random; and their bytes changed. */
export function frameBytes(frames: readonly Frame[]): fc.Arbitrary<Uint8Array> {
  const random = fc.record(
    {
      type: fc.integer({ min: 0, max: 12 }),
      flags: fc.nat(255),
      stream: fc.constantFrom(0, 1, 1, 3, 5, 2, 2 ** 31 - 1),
      payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...frames.map(({ payload }) => payload))),
      length: fc.constantFrom(0, 1, 16_385, 2 ** 24 - 1),
    },
    { requiredKeys: ["type", "flags", "stream", "payload"] },
  );
  const strange = fc
    .array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...frames) }, { weight: 2, arbitrary: random }), {
      maxLength: 12,
    })
    .map((mixed) => Buffer.concat([PREFACE, ...mixed.map(encode)]));
  const sound = fc.constant(Buffer.concat([PREFACE, ...frames.map(encode)]));
  return fc.oneof(
    { weight: 3, arbitrary: strange },
    { weight: 4, arbitrary: mutated(sound) },
    { weight: 1, arbitrary: mutated(strange) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  );
}

function encode({ type, flags, stream, payload, length = payload.length }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Headers as literals without an index and without Huffman's code (RFC 7541, section 6.2.2). */
function block(headers: [string, string][]): Buffer {
  return Buffer.concat(headers.flatMap((pair) => [Buffer.of(0), ...pair.map(literal)]));
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([sizeOf(bytes.length), bytes]);
}

/** A number with a prefix of seven bits (RFC 7541, section 5.1). */
function sizeOf(length: number): Buffer {
  if (length < 127) return Buffer.of(length);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

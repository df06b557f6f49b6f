/** Bytes that grow at their end. It is made once and used again: `take` hands out a copy. */
export class Growing {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 1 << 16) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A text of ASCII letters alone. */
  ascii(text: string): void {
    const bytes = this.#reserve(text.length);
    let to = this.#length;
    for (let at = 0; at < text.length; at++) bytes[to++] = text.charCodeAt(at);
    this.#length = to;
  }

  copy(from: Buffer, start: number, end: number): void {
    const bytes = this.#reserve(end - start);
    // Buffer.copy costs more than it saves for the short texts that most are.
    if (end - start > 48) {
      this.#length += from.copy(bytes, this.#length, start, end);
      return;
    }
    let to = this.#length;
    for (let at = start; at < end; at++) bytes[to++] = from[at]!;
    this.#length = to;
  }

  /** The same in the opposite order. */
  copyReversed(from: Buffer, start: number, end: number): void {
    const bytes = this.#reserve(end - start);
    let to = this.#length;
    for (let at = end - 1; at >= start; at--) bytes[to++] = from[at]!;
    this.#length = to;
  }

  /** The 16 bytes of a UUID that is written as 36 letters, in lower case. */
  uuid(from: Buffer, start: number): void {
    const bytes = this.#reserve(16);
    let to = this.#length;
    for (let at = start; at < start + 36; at += 2) {
      if (from[at] === 0x2d) at++;
      bytes[to++] = (nibble(from[at]!) << 4) | nibble(from[at + 1]!);
    }
    this.#length = to;
  }

  /** A number of at most 31 bits in the wire format of Protocol Buffers. */
  varint(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  /** A whole number of at most 53 bits, not negative, in that format. */
  wideVarint(value: number): void {
    let rest = value;
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 0x80);
    this.varint(rest);
  }

  /** A number of 64 bits, not negative, in that format. */
  bigVarint(value: bigint): void {
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.byte(Number(rest & 0x7fn) | 0x80);
    this.byte(Number(rest));
  }

  int16(value: number): void {
    const bytes = this.#reserve(2);
    bytes[this.#length++] = value >> 8;
    bytes[this.#length++] = value;
  }

  int32(value: number): void {
    const bytes = this.#reserve(4);
    setInt32(bytes, this.#length, value);
    this.#length += 4;
  }

  /** A whole number of at most 53 bits, as 64. */
  int64(value: number): void {
    const bytes = this.#reserve(8);
    const high = Math.floor(value / 2 ** 32);
    setInt32(bytes, this.#length, high);
    setInt32(bytes, this.#length + 4, value - high * 2 ** 32);
    this.#length += 8;
  }

  bigInt64(value: bigint): void {
    const bytes = this.#reserve(8);
    this.#length = bytes.writeBigInt64BE(value, this.#length);
  }

  /** A double as Protocol Buffers have it. */
  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** A text in UTF-8 with its length before it, as Protocol Buffers have it. Unpaired surrogates become U+FFFD. */
  text(text: string): void {
    // Most texts are short and ASCII: asking for their length and copying them costs more than looking at each letter.
    if (text.length > 63 || !this.#shortAscii(text)) {
      const size = Buffer.byteLength(text);
      this.varint(size);
      const bytes = this.#reserve(size);
      this.#length += bytes.write(text, this.#length);
    }
  }

  /** Starts something with its length before it, as Protocol Buffers have it, to be closed when it is written; answers where. */
  open(): number {
    this.byte(0);
    return this.#length;
  }

  /** Sets the length of what was written since `open` answered `start`. */
  close(start: number): void {
    const length = this.#length - start;
    if (length > 0x7f) {
      // One byte was left for the length; what follows makes room for more.
      const more = length < 1 << 14 ? 1 : length < 1 << 21 ? 2 : 3;
      this.#reserve(more);
      this.#bytes.copyWithin(start + more, start, this.#length);
    }
    this.#length = start - 1;
    this.varint(length);
    this.#length += length;
  }

  /** Throws away what was written beyond `length`. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Leaves room for a length, to be set when what follows is written; answers where. */
  openLength(): number {
    this.int32(0);
    return this.#length;
  }

  /** Sets the length of what was written since. */
  closeLength(start: number): void {
    setInt32(this.#bytes, start - 4, this.#length - start);
  }

  /** A text in UTF-8 as JSON string. */
  jsonText(from: Buffer, start: number, end: number): void {
    const bytes = this.#reserve(end - start + 2);
    let to = this.#length;
    bytes[to++] = QUOTE;
    for (let at = start; at < end; at++) {
      const byte = from[at]!;
      if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) {
        this.#length = to;
        this.#restOfJsonText(from, at, end);
        return;
      }
      bytes[to++] = byte;
    }
    bytes[to++] = QUOTE;
    this.#length = to;
  }

  /** A copy of what was written; begins anew. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #restOfJsonText(from: Buffer, start: number, end: number): void {
    let plain = start;
    for (let at = start; at < end; at++) {
      const byte = from[at]!;
      if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) continue;
      this.copy(from, plain, at);
      this.ascii(JSON.stringify(String.fromCharCode(byte)).slice(1, -1));
      plain = at + 1;
    }
    this.copy(from, plain, end);
    this.byte(QUOTE);
  }

  /** Writes a text of less than 64 letters with its length, if they all are ASCII; otherwise nothing. */
  #shortAscii(text: string): boolean {
    const { length } = text;
    const bytes = this.#reserve(length + 1);
    let to = this.#length;
    bytes[to++] = length;
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) return false;
      bytes[to++] = code;
    }
    this.#length = to;
    return true;
  }

  #reserve(count: number): Buffer {
    if (this.#length + count <= this.#bytes.length) return this.#bytes;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + count));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
    return larger;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function nibble(hex: number): number {
  return hex < 0x3a ? hex - 0x30 : hex - 0x57;
}

/** As Buffer.writeInt32BE, without its checks: an element of a buffer keeps the lowest eight bits of what it is set to. */
function setInt32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

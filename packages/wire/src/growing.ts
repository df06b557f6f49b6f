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
    this.#reserve(text.length);
    for (let at = 0; at < text.length; at++) this.#bytes[this.#length++] = text.charCodeAt(at);
  }

  copy(from: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    // Buffer.copy costs more than it saves for the short texts that most are.
    if (end - start < 32) for (let at = start; at < end; at++) this.#bytes[this.#length++] = from[at]!;
    else this.#length += from.copy(this.#bytes, this.#length, start, end);
  }

  /** A number of at most 31 bits in the wire format of Protocol Buffers. */
  varint(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  /** A number of 64 bits, not negative, in that format. */
  bigVarint(value: bigint): void {
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.byte(Number(rest & 0x7fn) | 0x80);
    this.byte(Number(rest));
  }

  int16(value: number): void {
    this.#reserve(2);
    this.#length = this.#bytes.writeInt16BE(value, this.#length);
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeInt32BE(value, this.#length);
  }

  bigInt64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeBigInt64BE(value, this.#length);
  }

  /** Leaves room for a length, to be set when what follows is written; answers where. */
  openLength(): number {
    this.int32(0);
    return this.#length;
  }

  /** Sets the length of what was written since. */
  closeLength(start: number): void {
    this.#bytes.writeInt32BE(this.#length - start, start - 4);
  }

  /** A text in UTF-8 as JSON string. */
  jsonText(from: Buffer, start: number, end: number): void {
    this.byte(0x22);
    let plain = start;
    for (let at = start; at < end; at++) {
      const byte = from[at]!;
      if (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) continue;
      this.copy(from, plain, at);
      this.ascii(JSON.stringify(String.fromCharCode(byte)).slice(1, -1));
      plain = at + 1;
    }
    this.copy(from, plain, end);
    this.byte(0x22);
  }

  /** A copy of what was written; begins anew. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + count));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

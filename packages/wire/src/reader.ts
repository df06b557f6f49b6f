/** Bytes in the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), and where reading stands in them. */
export class Reader {
  readonly bytes: Buffer;
  /** Where the next byte is read. */
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  /**
   * An unsigned number of at most 53 bits. -1 where it is larger, or does not end before `end`: what is that unusual is
   * left to the slow way.
   */
  varint(end: number): number {
    const { bytes } = this;
    let value = 0;
    let scale = 1;
    for (let at = this.at; at < end; at++) {
      const byte = bytes[at]!;
      if (scale === 2 ** 49 && byte > 0x0f) return -1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.at = at + 1;
        return value;
      }
      scale *= 128;
    }
    return -1;
  }

  /** The end of a field whose length comes next; -1 where it is beyond `end`. */
  fieldEnd(end: number): number {
    const first = this.at < end ? this.bytes[this.at]! : 0x80;
    // Most are shorter than 128 bytes.
    if (first < 0x80) this.at++;
    const length = first < 0x80 ? first : this.varint(end);
    return length < 0 || this.at + length > end ? -1 : this.at + length;
  }

  /** The end of a field whose length comes next. Throws where it is beyond `end`. */
  requireEnd(end: number): number {
    const fieldEnd = this.fieldEnd(end);
    if (fieldEnd < 0) throw new Error(`A field at ${this.at} ends beyond what holds it`);
    return fieldEnd;
  }

  /** A signed number of 64 bits. Throws where it does not end before `end`. */
  int64(end: number): bigint {
    const start = this.at;
    const small = this.varint(end);
    if (small >= 0) return BigInt(small);
    let value = 0n;
    for (let at = start, shift = 0n; at < end; at++, shift += 7n) {
      const byte = this.bytes[at]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      this.at = at + 1;
      return BigInt.asIntN(64, value);
    }
    throw new Error(`A number at ${start} ends beyond what holds it`);
  }

  /** The same as a number; NaN where it has more than 53 bits. */
  safeInt64(end: number): number {
    const small = this.varint(end);
    if (small >= 0) return small;
    const value = Number(this.int64(end));
    return Number.isSafeInteger(value) ? value : Number.NaN;
  }
}

import { BinaryReader } from "@bufbuild/protobuf/wire";
import { expect, test } from "@jest/globals";
import { Growing } from "./growing.ts";

const written = (write: (out: Growing) => void) => {
  const out = new Growing(4);
  write(out);
  return new BinaryReader(out.take());
};

test.each([0, 127, 128, 2 ** 31 - 1, 2 ** 31, 253_402_300_799, Number.MAX_SAFE_INTEGER])(
  "a number of up to 53 bits is read as it was written: %d",
  (number) => {
    expect(written((out) => out.wideVarint(number)).int64()).toBe(
      BigInt(number).toString() === "0" ? 0n : BigInt(number),
    );
  },
);

test.each([
  "",
  "a",
  "größe",
  "a😀",
  "x".repeat(63),
  `${"x".repeat(62)}ä`,
  "x".repeat(64),
  "ä".repeat(64),
  "€".repeat(100_000),
])("a text is read as it was written: %#", (text) => {
  expect(written((out) => out.text(text)).string()).toBe(text);
});

test.each([-0, 0.1, -12.5, 1e300, 5e-324])("a double is read as it was written: %d", (number) => {
  expect(written((out) => out.double(number)).double()).toBe(number);
});

test.each([0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])(
  "what has %d bytes is read as it was written, within something longer",
  (size) => {
    const bytes = Buffer.alloc(size, "b");
    const reader = written((out) => {
      const outer = out.open();
      const inner = out.open();
      out.copy(bytes, 0, size);
      out.close(inner);
      out.byte(1);
      out.close(outer);
      out.byte(2);
    });
    const outer = new BinaryReader(reader.bytes());
    expect(reader.uint32()).toBe(2);
    expect(bytes.equals(outer.bytes())).toBe(true);
    expect(outer.uint32()).toBe(1);
  },
);

test("what is thrown away leaves what was written before", () => {
  const reader = written((out) => {
    out.text("kept");
    const { length } = out;
    out.text("gone");
    out.truncate(length);
  });
  expect([reader.string(), reader.pos]).toEqual(["kept", reader.len]);
});

import fc from "fast-check";

/** What has broken other programs: none of it looks like what the judge takes for internals. */
const TEXTS = [
  "",
  " ",
  "\0",
  "a\0b",
  "\ud800",
  "a\udfff",
  "😀",
  "\u202eright to left",
  "\ufeff",
  "e\u0301",
  "\r\nx-injected: 1",
  "x".repeat(121),
  "x".repeat(256),
  "é".repeat(5000),
  "'; drop table events; --",
  `" or 1=1 --`,
  "') or ('1'='1",
  "$1",
  "?",
  "??",
  ":name",
  "%",
  "_",
  "\\",
  "\\'",
  "*",
  "**",
  "data.a",
  "data.a.b.c",
  "data.",
  "data..a",
  `data."a"`,
  "data.a}',{",
  "data.$.a ? (@ > 1)",
  "data.a = 'x'",
  "category:a",
  "{a,b}",
  "..",
  "../../secret",
  "%00",
  "%2e%2e%2f",
  "%ff",
  "<script>alert(1)</script>",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is one on purpose
  "${7*7}",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "true",
  "-1",
  "1e999",
  "NaN",
  "Infinity",
  "9223372036854775808",
  "UTC",
  "Europe/Berlin",
  "Etc/GMT+99",
  "posixrules",
  "1970-01-01T00:00:00Z",
  "0000-00-00T00:00:00Z",
  "9999-12-31T23:59:60.999999999Z",
  "P1D",
  "-315576000001s",
  "00000000-0000-0000-0000-000000000000",
  "count",
  "month",
];

/** Texts that hurt, random ones, and those that the target knows. */
export function texts(known: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...known) },
    { weight: 3, arbitrary: fc.constantFrom(...TEXTS) },
    { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  );
}

/** Doubles: the ends, what is none, and those between. */
export const doubles = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, NaN, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, 1e21),
  fc.double(),
);

/** Whole numbers of 32 bits. */
export const int32s = fc.oneof(fc.constantFrom(0, 1, -1, 50, 1000, 1001, 2 ** 31 - 1, -(2 ** 31)), fc.integer());

/** Whole numbers of 64 bits, with a sign. */
export const int64s = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

const NOW_SECONDS = BigInt(Math.floor(Date.now() / 86_400_000) * 86_400);

/** The seconds of a time: near now, and at and beyond the ends of what a Timestamp may hold. */
export const timeSeconds = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.integer({ min: -100_000, max: 80_000 }).map((difference) => NOW_SECONDS + BigInt(difference)),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      0n,
      -1n,
      -62_135_596_800n,
      -62_135_596_801n,
      253_402_300_799n,
      253_402_300_800n,
      1_577_836_800n,
    ),
  },
  { weight: 1, arbitrary: int64s },
);

/** The nanoseconds of a time: mostly none, and beyond both ends. */
export const timeNanos = fc.constantFrom(0, 0, 0, 1000, 1, 999_999_999, 1_000_000_000, -1, 2 ** 31 - 1, -(2 ** 31));

/** Free JSON with nasty texts in it. */
export function jsons(text: fc.Arbitrary<string>, depth = 3): fc.Arbitrary<unknown> {
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: depth, withCrossShrink: true },
      fc.constantFrom(null, true, false, 0, -0, 1e308, 5e-324, 2 ** 53 + 2),
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.array(tie("json"), { maxLength: 4 }),
      fc.dictionary(text, tie("json"), { maxKeys: 4 }),
    ),
  }));
  return json;
}

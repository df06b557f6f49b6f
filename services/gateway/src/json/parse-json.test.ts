import { expect, test } from "@jest/globals";
import { parseJson } from "./parse-json.ts";

test.each([
  ["nothing", "", "must be JSON, and is empty"],
  ["blanks", " \n", "must be JSON, and is empty"],
  ["half an object", '{"name":', "Unexpected end"],
  ["a wrong comma", '{"name":"n",}', "position 12"],
  ["a word", "hello", "Unexpected token 'h'"],
])("%s is refused", (_, text, problem) => {
  expect(() => parseJson(Buffer.from(text), 10)).toThrow(problem);
});

test("bytes that are no UTF-8 are refused", () => {
  expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), 10)).toThrow("UTF-8");
});

test.each([
  ["as deep as may be", `${"[".repeat(10)}${"]".repeat(10)}`],
  ["shallow, and of many levels", `[${"[[]],".repeat(1000)}{}]`],
  ["full of brackets in texts", JSON.stringify(["[{".repeat(100), '"[[['.repeat(100), "\\", '\\"[', "{{{{{{{{{{{{"])],
  ["with a key of brackets", JSON.stringify({ "[[[[[[[[[[[[[[": { '"{{{{{{{{{{{{{{\\': 1 } })],
])("JSON that is %s is read", (_, text) => {
  expect(parseJson(Buffer.from(text), 10)).toEqual(JSON.parse(text));
});

test.each([
  ["lists", `${"[".repeat(11)}${"]".repeat(11)}`],
  ["objects", `${'{"a":'.repeat(11)}1${"}".repeat(11)}`],
  ["what never ends", "[".repeat(4_000_000)],
  ["what comes after a text of quotes", `["\\\\\\"[",${"[".repeat(10)}${"]".repeat(11)}`],
])("JSON that is deeper is refused before it is parsed: %s", (_, text) => {
  expect(() => parseJson(Buffer.from(text), 10)).toThrow("body: must be JSON of at most 10 levels, and is deeper");
});

import { expect, test } from "@jest/globals";
import { parseJson } from "./parse-json.ts";

test.each([
  ["nothing", "", "must be JSON, and is empty"],
  ["blanks", " \n", "must be JSON, and is empty"],
  ["half an object", '{"name":', "Unexpected end"],
  ["a wrong comma", '{"name":"n",}', "position 12"],
  ["a word", "hello", "Unexpected token 'h'"],
])("%s is refused", (_, text, problem) => {
  expect(() => parseJson(Buffer.from(text))).toThrow(problem);
});

test("bytes that are no UTF-8 are refused", () => {
  expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow("UTF-8");
});

test("depth does not matter here", () => {
  expect(() => parseJson(Buffer.from("[".repeat(1_000_000) + "]".repeat(1_000_000)))).not.toThrow();
});

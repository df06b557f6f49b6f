import { expect, test } from "@jest/globals";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { readValue } from "./read-value.ts";

test.each([
  [1.5, 1.5],
  ["1.5", 1.5],
  ["-2e3", -2000],
  ["NaN", Number.NaN],
  ["-Infinity", Number.NEGATIVE_INFINITY],
])("%j is a number", (json, value) => {
  expect(readValue(EventSchema.field.value, json)).toEqual({ value });
});

test.each(["0x10", "", " 1", "1,5", "+1", "01", ".5", "infinity"])("%j is no number", (json) => {
  expect(readValue(EventSchema.field.value, json).problem).toContain("must be");
});

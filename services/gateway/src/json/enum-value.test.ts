import { expect, test } from "@jest/globals";
import {
  AggregationTypeSchema,
  Granularity,
  GranularitySchema,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { enumNumber, enumRule } from "./enum-value.ts";

test.each(["minute", "MINUTE", "Minute", "GRANULARITY_MINUTE", 1, "1"])("%j means by the minute", (json) => {
  expect(enumNumber(GranularitySchema, json)).toBe(Granularity.MINUTE);
});

test.each(["fortnight", "granularity_minute", "", "99", 99, 1.5, -1, null, true, {}, "__proto__", "constructor"])(
  "%j is no granularity",
  (json) => {
    expect(enumNumber(GranularitySchema, json)).toBeUndefined();
  },
);

test("the rule lists what may be given", () => {
  expect(enumRule(AggregationTypeSchema)).toBe(
    "must be one of count, sum, min, max, avg, rate, p50, p75, p90, p95, p99, distinct_persons, distinct_sessions",
  );
});

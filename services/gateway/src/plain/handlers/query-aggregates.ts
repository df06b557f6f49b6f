import { type JsonValue, toJson } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { describe } from "../../json/describe.ts";
import type { PlainHandler } from "../plain-route.ts";
import { type Rules, readQuery } from "../read-query.ts";

const NAMES = { tsMin: "ts_min", tsMax: "ts_max", granularity: "granularity", aggregationType: "aggregation_type" };
const RULES: Rules = {
  tsMin: secondsProblem,
  tsMax: secondsProblem,
  granularity: oneOf(["none", "minute", "hour", "day", "week", "month", "year"]),
  aggregationType: oneOf(["max", "min", "avg"]),
};
const DEFAULTS = { granularity: "none", aggregation_type: "avg" };

const { queryAggregates: method } = AggregationService.method;

/** Answers the aggregates of one series as a flat list, oldest first. A group in which no event has a value has null. */
export const queryAggregates: PlainHandler = async ({ bound, query, contract }) => {
  const { request, asSent } = readQuery(method.input, query, NAMES, { rules: RULES, defaults: DEFAULTS });
  const series = { namespace: bound("namespace"), name: bound("name") };
  const { rows } = await contract(method, { ...request, ...series }, asSent);
  const json = rows.map(({ aggregatedTimestamp, value }): JsonValue => {
    return { aggregatedTimestamp: toJson(TimestampSchema, aggregatedTimestamp!), value: value ?? null };
  });
  return { status: 200, json };
};

function secondsProblem(text: string): string | undefined {
  return /^-?\d+(\.\d+)?$/.test(text) ? undefined : `must be seconds since 1970, and is ${describe(text)}`;
}

function oneOf(choices: string[]) {
  return (text: string) =>
    choices.includes(text) ? undefined : `must be one of ${choices.join(", ")}, and is ${describe(text)}`;
}

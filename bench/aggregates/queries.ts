import { AggregationType, Granularity } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { DAY_MS, DENSE, YEARLONG, type Year } from "./series-lines.ts";

/** A query of the bench; times in milliseconds since 1970, `max` the first after the window. */
export interface Query {
  title: string;
  name: string;
  min: number;
  max: number;
  granularity: "hour" | "day";
  type: "avg" | "p95";
  timeZone: string;
}

/** What the contract calls the words of a query. */
export const GRANULARITIES = { hour: Granularity.HOUR, day: Granularity.DAY } as const;
export const TYPES = { avg: AggregationType.AVG, p95: AggregationType.P95 } as const;

/** What is asked for: of two series with the same number of events, one over the year, the other over its last 30 days. */
export function queriesOf({ start, end }: Year): Query[] {
  const month = { name: DENSE, min: end - 30 * DAY_MS, max: end, granularity: "hour" } as const;
  const week = { ...month, min: end - 7 * DAY_MS };
  const year = { name: YEARLONG, min: start, max: end, granularity: "day" } as const;
  const utc = { timeZone: "UTC" } as const;
  const amsterdam = { timeZone: "Europe/Amsterdam" } as const;
  const minute = 60_000;
  return [
    { title: "30 days by hour, avg", ...month, type: "avg", ...utc },
    { title: "30 days by hour, avg, Europe/Amsterdam", ...month, type: "avg", ...amsterdam },
    { title: "30 days by hour, p95", ...month, type: "p95", ...utc },
    {
      title: "30 days by hour, avg, ends within quarters",
      ...month,
      min: month.min + 7 * minute,
      max: month.max - 7 * minute,
      type: "avg",
      ...utc,
    },
    // Its hours start in the middle of those of UTC, so that they are made of quarters.
    { title: "a week by hour, avg, Asia/Kolkata", ...week, type: "avg", timeZone: "Asia/Kolkata" },
    { title: "a year by day, avg", ...year, type: "avg", ...utc },
    { title: "a year by day, avg, Europe/Amsterdam", ...year, type: "avg", ...amsterdam },
    { title: "a year by day, p95", ...year, type: "p95", ...utc },
    {
      title: "30 days by hour, avg, a tenth of the events",
      ...month,
      name: YEARLONG,
      type: "avg",
      ...utc,
    },
  ];
}

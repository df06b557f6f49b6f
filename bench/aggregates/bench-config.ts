import { duration, readConfig, wholeNumber } from "@ocellus/runtime/config.ts";
import { str } from "envalid";

/** What `make bench-aggregates` is told. */
export const readBenchConfig = () =>
  readConfig({
    EVENTS: wholeNumber(
      10_000,
      100_000_000,
    )({ default: 10_000_000, desc: "how many events are loaded; a tenth of them is one series" }),
    REPEATS: wholeNumber(1, 10_000)({ default: 100, desc: "how often a query is asked: the median counts" }),
    ROUNDS: wholeNumber(1, 100)({ default: 5, desc: "how often events are sent with and without aggregation" }),
    LATE_SERIES: wholeNumber(1, 30)({ default: 10, desc: "over how many series late events are spread" }),
    LATE_ORDER: str({
      choices: ["mixed", "time"],
      default: "mixed",
      desc: "mixed: each batch has events of all 90 days; time: they come in the order of their times",
    }),
    LATE_CHECK_EVERY: duration({
      default: 5000,
      desc: "how often an answer is compared with full scans while late events come in; each check reads the events twice",
    }),
    ONLY: str({
      default: "",
      desc: "a regular expression of what to measure: queries, growth, late events, keeping up",
    }),
    DATA: str({ default: "", desc: "a folder that keeps the data; where it has events already, none are loaded" }),
    RESULTS: str({ default: "", desc: "a folder for aggregates.txt, aggregates.json and aggregates-plans.txt" }),
  });

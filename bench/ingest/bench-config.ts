import { readConfig, wholeNumber } from "@ocellus/runtime/config.ts";
import { num, str } from "envalid";

/** What `make bench` is told. */
export const readBenchConfig = () =>
  readConfig({
    EVENTS: wholeNumber(1000, 10_000_000)({ default: 200_000, desc: "how many events the largest measurement sends" }),
    ROUNDS: wholeNumber(
      0,
      100,
    )({ default: 5, desc: "how often everything is measured: the median counts; 0 for nothing of it" }),
    MINUTES: num({ default: 0, desc: "how long full load goes on afterwards, for its memory" }),
    PROFILE: str({
      default: "",
      desc: "a folder for a CPU profile of each service, to be opened by Chrome or VS Code",
    }),
    RESULTS: str({ default: "", desc: "a folder for ingest.txt and ingest.json; nothing is written without it" }),
  });

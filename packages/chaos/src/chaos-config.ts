import { readConfig, wholeNumber } from "@ocellus/runtime/config.ts";
import { num, str } from "envalid";

/** What `make chaos` is told. */
export const readChaosConfig = () =>
  readConfig({
    SEED: wholeNumber(0, 2 ** 31)({ default: undefined, desc: "makes the same faults in the same order again" }),
    MINUTES: num({ default: 10, desc: "how long faults go on; a round of all faults is made in any case" }),
    SHORT: str({ default: "", desc: "faults of two seconds, where it is not empty" }),
    RECOVER_WITHIN: num({ default: 60, desc: "how many seconds after a fault everything must be as before" }),
    DATA: str({
      default: "",
      desc: "a folder that keeps the suite's data and logs, which are gone at the end otherwise",
    }),
    REPORT: str({ default: "", desc: "the path, without an ending, of files .txt and .json for the report" }),
  });

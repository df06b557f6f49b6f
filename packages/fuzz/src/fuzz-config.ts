import { readConfig, wholeNumber } from "@ocellus/runtime/config.ts";
import { str } from "envalid";

/** What `make fuzz` is told. */
export const readFuzzConfig = () =>
  readConfig({
    SEED: wholeNumber(0, 2 ** 31)({ default: undefined, desc: "makes the same inputs again" }),
    INPUTS: wholeNumber(1, 2 ** 31)({ default: 100_000, desc: "how many inputs are sent" }),
    ONLY: str({ default: "", desc: "only the kinds whose name has this in it, such as REST" }),
  });

import { variables as aggregation } from "@ocellus/aggregation/config.ts";
import { variables as gateway } from "@ocellus/gateway/config.ts";
import { variables as ingest } from "@ocellus/ingest/config.ts";
import { durationText } from "@ocellus/runtime/config.ts";
import { variables as migrate } from "@ocellus/runtime/migrate.ts";
import { variables as close } from "@ocellus/sessions/close-variables.ts";
import { variables as sessions } from "@ocellus/sessions/config.ts";
import type { ValidatorSpec } from "envalid";
import { variables as certificates } from "./certificates-variables.ts";
import type { ProgramName } from "./programs.ts";

/** An environment variable that a program reads. */
export interface Setting {
  name: string;
  /** What it is for. */
  description: string;
  /** Whether the program refuses to start without it. */
  required: boolean;
  /** What counts without it, as it would be given; undefined where nothing does. */
  default: string | undefined;
}

/** How each program reads each variable. */
export const VARIABLES: Record<ProgramName, Record<string, ValidatorSpec<unknown>>> = {
  ingest,
  sessions,
  aggregation,
  gateway,
  migrate,
  certificates,
  "sessions:close": close,
};

/** Every environment variable that a program of the image reads, in the order in which its code lists them. */
export function settingsOf(program: ProgramName): Setting[] {
  return Object.entries(VARIABLES[program]).map(([name, spec]) => ({
    name,
    description: spec.desc ?? "",
    required: !("default" in spec),
    default: textOf(spec),
  }));
}

/** A default as it would be given. */
function textOf(spec: ValidatorSpec<unknown>): string | undefined {
  const { default: value } = spec;
  if (value === undefined) return undefined;
  return typeof value === "number" && isDuration(spec) ? durationText(value) : String(value);
}

/** Whether a variable reads lengths of time, which are kept as milliseconds. */
function isDuration({ _parse: parse }: ValidatorSpec<unknown>): boolean {
  try {
    return parse("1s") === 1000;
  } catch {
    return false;
  }
}

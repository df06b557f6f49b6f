import { readConfig } from "@ocellus/runtime/config.ts";
import { type ConnectionLimits, connectionLimitsOf, httpLimits } from "@ocellus/runtime/limit-variables.ts";

/** The gateway's limits by default, but for these settings. */
export function connectionLimits(settings: Record<string, string> = {}): ConnectionLimits {
  return connectionLimitsOf(readConfig(httpLimits, settings));
}

import { CODE_NAMES } from "./code-name.ts";

/** What kind of error it is, in a word that holds nothing of what a client has sent: the name of its gRPC code, or its class. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return "Unknown";
  const { code } = error as { code?: unknown };
  return (typeof code === "number" && CODE_NAMES[code]) || error.name;
}

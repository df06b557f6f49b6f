import type { IncomingHttpHeaders } from "node:http";

/** The longest that a timer of Node can be: one beyond it ends at once. */
const MAX_MS = 2 ** 31 - 1;

const UNIT_MS: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Takes out of the headers of a call a deadline that lies weeks ahead: none is the same, and can be kept. */
export function forgetEndlessTimeout(headers: IncomingHttpHeaders): void {
  const [, count, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(String(headers["grpc-timeout"])) ?? [];
  if (Number(count) * (UNIT_MS[unit] ?? 0) > MAX_MS) delete headers["grpc-timeout"];
  if (Number(headers["connect-timeout-ms"]) > MAX_MS) delete headers["connect-timeout-ms"];
}

import { type Logger, pino } from "pino";
import { loggedError } from "./logged-error.ts";

/** A log of JSON lines on standard output, each with the service's name and an ISO timestamp. Nothing that was sent is in what it tells of errors. */
export function createLog(service: string, level: string): Logger {
  const serializers = { err: (error: unknown) => loggedError(error) };
  return pino({ name: service, level, serializers, timestamp: pino.stdTimeFunctions.isoTime });
}

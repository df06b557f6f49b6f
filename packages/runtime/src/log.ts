import { type Logger, pino } from "pino";

/** A log of JSON lines on standard output, each with the service's name and an ISO timestamp. */
export function createLog(service: string, level: string): Logger {
  return pino({ name: service, level, timestamp: pino.stdTimeFunctions.isoTime });
}

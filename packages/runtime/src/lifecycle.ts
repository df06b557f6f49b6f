import type { Logger } from "pino";
import { ConfigError } from "./config.ts";
import { createLog } from "./log.ts";

/** How long running calls may take to end after SIGTERM; Kubernetes kills after 30 s. */
export const GRACE_MS = 10_000;

/** A process of the suite, from its start to its last closed connection. */
export interface Lifecycle {
  log: Logger;
  /** Aborts when the process is asked to stop, and when its start fails. */
  signal: AbortSignal;
  /** Registers what is to be closed at the end. The last registered is closed first. */
  onStop(name: string, close: () => Promise<unknown> | unknown): void;
  /** Watches over a task that runs until the signal aborts: the end waits for it, and its failure stops the process. */
  background(name: string, task: Promise<void>): void;
}

/**
 * Runs a service until SIGTERM or SIGINT, then closes what it opened, in reverse order, and lets the process end by itself.
 * A start that fails, or a background task that throws, closes what is open and ends with exit code 1.
 */
export async function runService(
  name: string,
  start: (lifecycle: Lifecycle) => Promise<void>,
  environment = process.env,
): Promise<void> {
  const log = createLog(name, environment.LOG_LEVEL || "info");
  const stop = new AbortController();
  const closers: { name: string; close: () => Promise<unknown> | unknown }[] = [];
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort(signal));
  // Node itself would write the whole error, with what PostgreSQL tells of a row.
  process.once("uncaughtException", (error) => {
    log.fatal({ err: error }, "an error that nobody has handled");
    process.exit(1);
  });

  const onStop: Lifecycle["onStop"] = (name, close) => closers.push({ name, close });
  const background: Lifecycle["background"] = (name, task) => {
    const watched = task.catch((error) => {
      if (stop.signal.aborted) return;
      process.exitCode = 1;
      log.fatal({ err: error }, `${name} failed`);
      stop.abort(error);
    });
    onStop(name, () => watched);
  };

  try {
    await start({ log, signal: stop.signal, onStop, background });
    log.info("ready");
    await aborted(stop.signal);
    log.info({ signal: stop.signal.reason }, "stopping");
  } catch (error) {
    process.exitCode = 1;
    if (error instanceof ConfigError) log.fatal(error.message);
    else if (!(stop.signal.aborted && error === stop.signal.reason)) log.fatal({ err: error }, "cannot start");
    stop.abort(error);
  }
  for (const { name, close } of closers.reverse()) {
    try {
      await close();
    } catch (error) {
      process.exitCode = 1;
      log.error({ err: error }, `${name} did not close`);
    }
  }
  log.info("stopped");
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

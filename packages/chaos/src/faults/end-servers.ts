import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./fault.ts";

const DOWN_MS = 5000;

/** `kill -9` of nats-server, which is started again after up to five seconds. */
export const crashNats = endNats("kill -9 of nats-server", "SIGKILL");

/** The same of one that is told to stop: it lets go of its consumers first, and takes messages for a moment more. */
export const restartNats = endNats("restart of nats-server", "SIGTERM");

function endNats(name: string, signal: "SIGKILL" | "SIGTERM"): Fault {
  return {
    name,
    breaks: ["nats"],
    async happen({ target, dice }) {
      await target.nats.stop(signal);
      await sleep(dice() * DOWN_MS);
      await target.restartNats();
    },
  };
}

/** Immediate shutdown of PostgreSQL, which is a crash; it is started again after up to five seconds. */
export const crashPostgres: Fault = {
  name: "immediate shutdown of PostgreSQL",
  breaks: ["postgres"],
  async happen({ target, dice }) {
    await target.postgres.stop("immediate");
    await sleep(dice() * DOWN_MS);
    await target.restartPostgres();
  },
};

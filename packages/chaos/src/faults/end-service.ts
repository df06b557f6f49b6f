import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceName } from "@ocellus/suite/service-process.ts";
import type { Fault } from "./fault.ts";

/** How long a service is away. */
const DOWN_MS = 2000;

/** `kill -9` of a service, which is started again after up to two seconds. */
export const killService = (name: ServiceName) => endService(`kill -9 of ${name}`, name, "SIGKILL");

/** The same of one that is told to stop, and may end what it does. */
export const restartService = (name: ServiceName) => endService(`restart of ${name}`, name, "SIGTERM");

function endService(title: string, name: ServiceName, signal: "SIGKILL" | "SIGTERM"): Fault {
  return {
    name: title,
    breaks: [name],
    async happen({ target, dice }) {
      await target.service(name).stop(signal);
      await sleep(dice() * DOWN_MS);
      await target.startService(name);
    },
  };
}

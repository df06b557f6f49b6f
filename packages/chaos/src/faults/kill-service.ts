import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceName } from "@ocellus/suite/service-process.ts";
import type { Fault } from "./fault.ts";

/** `kill -9` of a service, which is started again after up to two seconds. */
export function killService(name: ServiceName): Fault {
  return {
    name: `kill -9 of ${name}`,
    breaks: [name],
    async happen({ target, dice }) {
      await target.service(name).stop("SIGKILL");
      await sleep(dice() * 2000);
      await target.startService(name);
    },
  };
}

import { setTimeout as sleep } from "node:timers/promises";
import { signalAll } from "../../../../test/support/signal-all.ts";
import type { Fault, FaultContext } from "./fault.ts";

/** A server that is there and does nothing (SIGSTOP). */
export function freezeServer(server: "postgres" | "nats", forMs: number): Fault {
  const title = server === "nats" ? "NATS" : "PostgreSQL";
  return {
    name: `${title} frozen for ${forMs / 1000} s`,
    breaks: [server],
    happen: ({ target }) => frozen(target[server].pid(), () => sleep(forMs)),
  };
}

/** A consumer that is stopped, while all others go on. */
export function stopConsumer(service: "sessions" | "aggregation", forMs: number): Fault {
  return {
    name: `${service} stopped for ${forMs / 1000} s`,
    breaks: [service],
    happen: ({ target }: FaultContext) => frozen(target.service(service).pid, () => sleep(forMs)),
  };
}

/** Freezes a process and its children while something is done. */
export async function frozen(pid: number, work: () => Promise<void>): Promise<void> {
  signalAll(pid, "STOP");
  try {
    await work();
  } finally {
    signalAll(pid, "CONT");
  }
}

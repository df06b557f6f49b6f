import { SERVICES } from "@ocellus/suite/service-process.ts";
import { cutNetwork } from "./faults/cut-network.ts";
import { crashNats, crashPostgres, restartNats } from "./faults/end-servers.ts";
import { killService, restartService } from "./faults/end-service.ts";
import type { Fault } from "./faults/fault.ts";
import { fillQueue } from "./faults/fill-queue.ts";
import { freezeServer, stopConsumer } from "./faults/freeze.ts";
import { sendPoison } from "./faults/send-poison.ts";

/** How long the faults last that last. */
export interface Durations {
  freezeMs: number;
  cutMs: number;
  consumerMs: number;
}

export const FULL: Durations = { freezeMs: 20_000, cutMs: 20_000, consumerMs: 60_000 };
export const SHORT: Durations = { freezeMs: 2000, cutMs: 2000, consumerMs: 2000 };

/** How often a fault comes together with the next one, if they break different things. */
const TOGETHER = 0.3;
/** How many cuts a round has: there are many networks to cut, in several ways. */
const CUTS_PER_ROUND = 3;

/** Every kind of fault once, in an order that the dice say, and some of them at the same time. */
export function planRound(durations: Durations, dice: () => number): Fault[][] {
  const faults = [
    ...SERVICES.map(killService),
    restartService(SERVICES[Math.floor(dice() * SERVICES.length)]!),
    crashNats,
    restartNats,
    crashPostgres,
    freezeServer("postgres", durations.freezeMs),
    freezeServer("nats", durations.freezeMs),
    ...Array.from({ length: CUTS_PER_ROUND }, () => cutNetwork(durations.cutMs, dice)),
    fillQueue,
    stopConsumer(dice() < 0.5 ? "sessions" : "aggregation", durations.consumerMs),
    sendPoison,
  ];
  const steps: Fault[][] = [];
  for (const fault of shuffled(faults, dice)) {
    const last = steps.at(-1);
    const fits = last?.length === 1 && !last[0]!.breaks.some((part) => fault.breaks.includes(part));
    if (fits && dice() < TOGETHER) last.push(fault);
    else steps.push([fault]);
  }
  return steps;
}

function shuffled<T>(values: T[], dice: () => number): T[] {
  return values
    .map((value) => ({ value, rank: dice() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}

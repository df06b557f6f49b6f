import { cpus, freemem, hostname, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Tracker } from "@ocellus/client/tracker.ts";
import type { Clients } from "./clients.ts";
import { progress } from "./progress.ts";

/** The namespace of the readings. */
export const SERVERS = "servers";

const SECONDS = 20;

/** Sends this machine's CPU load and memory in use, in percent, once a second for 20 s. Answers how many events were accepted. */
export async function sendServerStats({ ingest }: Clients): Promise<number> {
  const bar = progress("sending CPU load and memory", SECONDS);
  const tracker = new Tracker(ingest);
  let before = cpuTimes();
  for (let second = 0; second < SECONDS; second++) {
    await sleep(1000);
    const now = cpuTimes();
    const load = (100 * (now.busy - before.busy)) / Math.max(1, now.total - before.total);
    before = now;
    const readings = { cpu_load: load, memory_used: 100 * (1 - freemem() / totalmem()) };
    for (const [name, value] of Object.entries(readings)) {
      void tracker.track({
        namespace: SERVERS,
        name,
        value: Math.round(value * 10) / 10,
        data: { host: hostname() },
      });
    }
    bar.step();
  }
  const { accepted } = await tracker.close();
  bar.end();
  return accepted;
}

/** Milliseconds since the machine started, summed over its cores. */
function cpuTimes(): { busy: number; total: number } {
  const times = cpus().map(({ times }) => times);
  const total = times.flatMap((time) => Object.values(time)).reduce((sum, value) => sum + value, 0);
  return { total, busy: total - times.reduce((sum, { idle }) => sum + idle, 0) };
}

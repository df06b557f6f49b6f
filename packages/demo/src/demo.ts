import { ConfigError } from "@ocellus/runtime/config.ts";
import { openClients } from "./clients.ts";
import { readDemoConfig } from "./demo-config.ts";
import { sendPageVisits } from "./page-visits.ts";
import { sendServerStats } from "./server-stats.ts";
import { showDailyJob } from "./show-daily-job.ts";
import { showServerStats, showSessions, showVisits } from "./show-results.ts";

const print = (text: string) => process.stdout.write(`${text}\n\n`);

try {
  const clients = openClients(readDemoConfig());
  try {
    const start = new Date();
    const { day, visits } = await sendPageVisits(clients, start);
    print(await showSessions(clients, day, visits));
    print(await showVisits(clients, day));
    print(await showDailyJob(clients, start));
    const sent = await sendServerStats(clients);
    print(await showServerStats(clients, start, sent));
  } finally {
    clients.close();
  }
} catch (error) {
  process.exitCode = 1;
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof ConfigError ? "" : "\nIs the suite up? `make up` starts it.";
  process.stderr.write(`${message}${hint}\n`);
}

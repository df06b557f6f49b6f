// A first event by the typed client: `. .ocellus/dev.env && npx node packages/demo/src/first-event.ts`
import { setTimeout as sleep } from "node:timers/promises";
import { Tracker } from "@ocellus/client/tracker.ts";
import { openClients } from "./clients.ts";
import { readDemoConfig } from "./demo-config.ts";

using clients = openClients(readDemoConfig());
await using tracker = new Tracker(clients.ingest, {
  onRetry: ({ problem }) => process.stderr.write(`not yet: ${problem.message}\n`),
});

// A field that the contract has not, or one of another type, does not compile.
const event = await tracker.track({ namespace: "shop", name: "pageview", personId: "cleo", data: { path: "/knobs" } });
process.stdout.write(`${event.outcome} ${event.id}\n`);

for (;;) {
  const { sessions } = await clients.sessions.listSessions({ namespace: "shop", personId: "cleo", pageSize: 1 });
  const [session] = sessions;
  if (session?.exitEventId === event.id) {
    process.stdout.write(`session ${session.id} has ${session.eventCount} event(s)\n`);
    break;
  }
  await sleep(50);
}

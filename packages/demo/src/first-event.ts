// A first event by the typed client: `. .ocellus/dev.env && npx node packages/demo/src/first-event.ts`
import { setTimeout as sleep } from "node:timers/promises";
import { openClients } from "./clients.ts";
import { readDemoConfig } from "./demo-config.ts";

const { ingest, sessions, close } = openClients(readDemoConfig());

// A field that the contract has not, or one of another type, does not compile.
const { event } = await ingest.trackEvent({
  event: { namespace: "shop", name: "pageview", personId: "cleo", data: { path: "/knobs" } },
});
process.stdout.write(`accepted ${event?.id}\n`);

for (;;) {
  const [session] = (await sessions.listSessions({ namespace: "shop", personId: "cleo", pageSize: 1 })).sessions;
  if (session?.exitEventId === event?.id) {
    process.stdout.write(`session ${session?.id} has ${session?.eventCount} event(s)\n`);
    break;
  }
  await sleep(50);
}
close();

// A first event by the typed client: `. .ocellus/dev.env && npx node packages/demo/src/first-event.ts`
import { openClients } from "./clients.ts";
import { readDemoConfig } from "./demo-config.ts";

const { ingest, sessions, close } = openClients(readDemoConfig());

// A field that the contract has not, or one of another type, does not compile.
const { event } = await ingest.trackEvent({
  event: { namespace: "shop", name: "pageview", personId: "cleo", data: { path: "/knobs" } },
});
process.stdout.write(`accepted ${event?.id}\n`);

for (let found = false; !found; ) {
  const answer = await sessions.listSessions({ namespace: "shop", personId: "cleo" });
  for (const { id, eventCount } of answer.sessions) process.stdout.write(`session ${id} has ${eventCount} event(s)\n`);
  found = answer.sessions.length > 0;
}
close();

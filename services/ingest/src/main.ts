import { readConfig, tlsFilesOf } from "@ocellus/runtime/config.ts";
import { forgetOld } from "@ocellus/runtime/forget-old.ts";
import { runService } from "@ocellus/runtime/lifecycle.ts";
import { openConnections } from "@ocellus/runtime/service-connections.ts";
import { ensureStreams } from "@ocellus/runtime/streams.ts";
import { variables } from "./config.ts";
import { storeEvents } from "./consumers/store-events.ts";
import { EventPublisher } from "./event-publisher.ts";
import { forgetDeleted } from "./forget-deleted.ts";
import { schema } from "./orm.config.ts";
import { Outbox } from "./outbox.ts";
import { releaseHandled } from "./release-handled.ts";
import { services } from "./service.ts";

const RELEASE_EVERY_MS = 10_000;

await runService("ingest", async (lifecycle) => {
  const config = readConfig(variables);
  const { log, signal } = lifecycle;
  const { orm, queue, database, serve } = await openConnections(schema, config, lifecycle);
  const em = orm.em;

  await ensureStreams(queue, { eventsBytes: config.EVENTS_MAX_BYTES, changesBytes: config.EVENT_CHANGES_MAX_BYTES });
  const outbox = new Outbox(queue);
  lifecycle.background("outbox sweep", outbox.sweep(em, signal, log));
  lifecycle.background(
    "forgetting",
    forgetOld("deleted events", () => forgetDeleted(em), lifecycle),
  );
  lifecycle.background(
    "releasing",
    forgetOld("handled messages", () => releaseHandled(queue), { log, signal, everyMs: RELEASE_EVERY_MS }),
  );
  lifecycle.background("store-events", storeEvents({ queue, em, outbox, log, signal }));

  await serve(services(new EventPublisher(queue), em, outbox, database, log), {
    host: config.LISTEN_HOST,
    port: config.GRPC_PORT,
    tls: tlsFilesOf(config),
  });
});

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
import { services } from "./service.ts";
import { Past } from "./watch/past.ts";
import { StoredLog } from "./watch/stored-log.ts";
import { Tail } from "./watch/tail.ts";

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
  lifecycle.background("store-events", storeEvents({ queue, em, outbox, log, signal }));

  const stored = new StoredLog(em, database);
  const watching = {
    past: new Past(stored),
    tail: new Tail(stored, queue),
    maxWatchers: config.WATCHERS_MAX,
    stopping: signal,
  };
  await serve(services({ publisher: new EventPublisher(queue), em, outbox, database, watching, log }), {
    host: config.LISTEN_HOST,
    port: config.GRPC_PORT,
    tls: tlsFilesOf(config),
  });
});

import { AckedPublisher } from "@ocellus/runtime/acked-publisher.ts";
import { readConfig, tlsFilesOf } from "@ocellus/runtime/config.ts";
import { forgetOld } from "@ocellus/runtime/forget-old.ts";
import { runService } from "@ocellus/runtime/lifecycle.ts";
import { openConnections } from "@ocellus/runtime/service-connections.ts";
import { ensureStreams } from "@ocellus/runtime/streams.ts";
import { variables } from "./config.ts";
import { keepErrors } from "./consumers/keep-errors.ts";
import { storeEvents } from "./consumers/store-events.ts";
import { Outgoing } from "./door/outgoing.ts";
import { deleteOldErrors } from "./errors/bound-errors.ts";
import { ErrorPublisher } from "./errors/error-publisher.ts";
import { watchDropped } from "./errors/watch-dropped.ts";
import { forgetDeleted } from "./forget-deleted.ts";
import { schema } from "./orm.config.ts";
import { Outbox } from "./outbox.ts";
import { services } from "./service.ts";
import { storingPool } from "./storing-pool.ts";

/** How many batches are stored at once: while PostgreSQL works on one, the next is read and written. */
const STORING = 2;

await runService("ingest", async (lifecycle) => {
  const config = readConfig(variables);
  const { log, signal } = lifecycle;
  const { orm, queue, database, serve } = await openConnections(schema, config, lifecycle);
  const em = orm.em;

  await ensureStreams(queue, {
    eventsBytes: config.EVENTS_MAX_BYTES,
    changesBytes: config.EVENT_CHANGES_MAX_BYTES,
    errorsBytes: config.EVENT_ERRORS_QUEUE_MAX_BYTES,
  });
  const outbox = new Outbox(queue);
  lifecycle.background("outbox sweep", outbox.sweep(em, signal, log));
  lifecycle.background(
    "forgetting",
    forgetOld("deleted events", () => forgetDeleted(em), lifecycle),
  );
  lifecycle.background(
    "forgetting errors",
    forgetOld("refused events", () => deleteOldErrors(em, config.EVENT_ERRORS_KEEP), lifecycle),
  );
  const errorsMaxBytes = config.EVENT_ERRORS_MAX_BYTES;
  const consuming = { queue, em, log, signal };
  const pool = storingPool(config.DATABASE_URL, STORING);
  lifecycle.onStop("storing connections", () => pool.end());
  for (let index = 0; index < STORING; index++) {
    lifecycle.background("store-events", storeEvents({ ...consuming, outbox, pool, errorsMaxBytes }));
  }
  lifecycle.background("keep-errors", keepErrors({ ...consuming, maxBytes: errorsMaxBytes }));
  lifecycle.background("errors watch", watchDropped(consuming));

  const acked = new AckedPublisher(queue.connection, 1500);
  const door = { outgoing: new Outgoing(queue, acked), errors: new ErrorPublisher(queue, log) };
  await serve(services(door, em, outbox, database, log), {
    host: config.LISTEN_HOST,
    port: config.GRPC_PORT,
    tls: tlsFilesOf(config),
  });
});

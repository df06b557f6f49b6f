import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { AckedPublisher } from "@ocellus/runtime/acked-publisher.ts";
import { readConfig, tlsFilesOf } from "@ocellus/runtime/config.ts";
import { forgetOld } from "@ocellus/runtime/forget-old.ts";
import { openChannel } from "@ocellus/runtime/grpc-client.ts";
import { runService } from "@ocellus/runtime/lifecycle.ts";
import { peerService } from "@ocellus/runtime/peer-service.ts";
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
import { releaseHandled } from "./release-handled.ts";
import { services } from "./service.ts";
import { storingPool } from "./storing-pool.ts";
import { Past } from "./watch/past.ts";
import { StoredLog } from "./watch/stored-log.ts";
import { Tail } from "./watch/tail.ts";

/** How many batches are stored at once: while PostgreSQL works on one, the next is read and written. */
const STORING = 2;

const RELEASE_EVERY_MS = 10_000;

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
    "releasing",
    forgetOld("handled messages", () => releaseHandled(queue), { log, signal, everyMs: RELEASE_EVERY_MS }),
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

  const stored = new StoredLog(em, database);
  const watching = {
    past: new Past(stored),
    tail: new Tail(stored, queue),
    maxWatchers: config.WATCHERS_MAX,
    stopping: signal,
  };
  const sessions = openChannel(config.SESSIONS_ADDRESS, tlsFilesOf(config));
  lifecycle.onStop("channel to sessions", sessions.close);
  const status = { em, queue, sessions: peerService(SessionService, "sessions", sessions) };
  await serve(
    services({
      door: {
        outgoing: new Outgoing(queue, new AckedPublisher(queue.connection, 1500)),
        errors: new ErrorPublisher(queue, log),
      },
      em,
      outbox,
      database,
      watching,
      status,
      log,
    }),
    {
      host: config.LISTEN_HOST,
      port: config.GRPC_PORT,
      tls: tlsFilesOf(config),
    },
  );
});

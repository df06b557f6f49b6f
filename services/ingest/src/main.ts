import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { AckedPublisher } from "@ocellus/runtime/acked-publisher.ts";
import { readConfig } from "@ocellus/runtime/config.ts";
import { openChannel } from "@ocellus/runtime/grpc-client.ts";
import { runService } from "@ocellus/runtime/lifecycle.ts";
import { inboxPrefixOf } from "@ocellus/runtime/nats-options.ts";
import { peerService } from "@ocellus/runtime/peer-service.ts";
import { openConnections } from "@ocellus/runtime/service-connections.ts";
import { EVENT_CHANGES, EVENTS, ensureStreams } from "@ocellus/runtime/streams.ts";
import { startBackground } from "./background.ts";
import { variables } from "./config.ts";
import { Outgoing } from "./door/outgoing.ts";
import { ErrorPublisher } from "./errors/error-publisher.ts";
import { schema } from "./orm.config.ts";
import { Outbox } from "./outbox.ts";
import { tellQueues } from "./queue-metrics.ts";
import { KeptFrom } from "./retention/kept-from.ts";
import { services } from "./service.ts";
import { StreamRoom } from "./stream-room.ts";
import { Past } from "./watch/past.ts";
import { StoredLog } from "./watch/stored-log.ts";
import { Tail } from "./watch/tail.ts";

await runService("ingest", async (lifecycle) => {
  const config = readConfig(variables);
  const { log, signal } = lifecycle;
  const { orm, queue, database, certificates, serve } = await openConnections(schema, config, lifecycle);
  const em = orm.em;

  await ensureStreams(queue, {
    eventsBytes: config.EVENTS_MAX_BYTES,
    changesBytes: config.EVENT_CHANGES_MAX_BYTES,
    errorsBytes: config.EVENT_ERRORS_QUEUE_MAX_BYTES,
    replicas: config.STREAM_REPLICAS,
  });
  const rooms = {
    events: new StreamRoom(EVENTS.stream, config.EVENTS_MAX_BYTES),
    changes: new StreamRoom(EVENT_CHANGES.stream, config.EVENT_CHANGES_MAX_BYTES),
  };
  for (const room of Object.values(rooms)) {
    await room.open(queue, signal, log);
    lifecycle.background("stream room", room.watch(queue, signal));
  }
  const outbox = new Outbox(queue, rooms.changes);
  const kept = new KeptFrom(config.EVENT_RETENTION);
  await kept.refresh(em);
  startBackground({ orm, queue, outbox, kept, config, lifecycle });

  tellQueues({ queue, em, log, config });
  const stored = new StoredLog(em, database);
  const watching = {
    past: new Past(stored),
    tail: new Tail(stored, queue),
    maxWatchers: config.WATCHERS_MAX,
    stopping: signal,
  };
  const sessions = openChannel(config.SESSIONS_ADDRESS, certificates);
  lifecycle.onStop("channel to sessions", sessions.close);
  const status = { em, queue, sessions: peerService(SessionService, "sessions", sessions) };
  await serve(
    services({
      door: {
        outgoing: new Outgoing(
          queue,
          new AckedPublisher(queue.connection, 1500, inboxPrefixOf(schema.name)),
          rooms.events,
          kept,
        ),
        errors: new ErrorPublisher(queue, log),
      },
      em,
      outbox,
      kept,
      database,
      watching,
      status,
      clients: config.CLIENT_PEERS,
      log,
    }),
    config.GRPC_PORT,
  );
});

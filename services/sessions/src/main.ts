import { readConfig } from "@ocellus/runtime/config.ts";
import { forgetOld } from "@ocellus/runtime/forget-old.ts";
import { runService } from "@ocellus/runtime/lifecycle.ts";
import { openConnections } from "@ocellus/runtime/service-connections.ts";
import { awaitConsumer, EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { variables } from "./config.ts";
import { extendSessions } from "./consumers/extend-sessions.ts";
import { forgetSeen } from "./inbox.ts";
import { openIngest } from "./open-ingest.ts";
import { schema } from "./orm.config.ts";
import { Deletions } from "./persons/deletions.ts";
import { sweepPersons } from "./persons/sweep-persons.ts";
import { forgetRecounts } from "./recounts.ts";
import { personService, sessionService } from "./service.ts";
import { tellSessions } from "./session-metrics.ts";

await runService("sessions", async (lifecycle) => {
  const config = readConfig(variables);
  const { log, signal } = lifecycle;
  const { orm, queue, database, certificates, serve } = await openConnections(schema, config, lifecycle);
  const em = orm.em;
  const rules = { idleTimeoutMs: config.SESSION_IDLE_TIMEOUT, closing: config.SESSION_CLOSING };
  const idleTimeout = BigInt(rules.idleTimeoutMs) * 1000n;

  await awaitConsumer(queue, EVENT_CHANGES.stream, "extend-sessions", lifecycle);
  lifecycle.background("extend-sessions", extendSessions({ queue, em, log, signal }, idleTimeout));
  const forget = () => Promise.all([forgetSeen(em), forgetRecounts(em)]);
  lifecycle.background("forgetting", forgetOld("messages and recounts", forget, lifecycle));

  const persons = { em, idleTimeout, log, signal, ...openIngest(config.INGEST_ADDRESS, certificates, lifecycle) };
  const deletions = new Deletions(persons);
  lifecycle.background("persons sweep", sweepPersons(persons, deletions));

  tellSessions(em, rules, log);
  const serving = { database, clients: config.CLIENT_PEERS, log };
  const served = [sessionService(em, rules, serving), personService(persons, deletions, serving)];
  await serve(served, config.GRPC_PORT);
});

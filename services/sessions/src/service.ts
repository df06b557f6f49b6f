import type { EntityManager } from "@mikro-orm/postgresql";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { type Dependency, type ServedService, serve } from "@ocellus/runtime/grpc-service.ts";
import type { Logger } from "pino";
import { PERSON_PEERS, SESSION_PEERS } from "./peers.ts";
import type { Deletions } from "./persons/deletions.ts";
import type { PersonContext } from "./persons/person-context.ts";
import { closeSessions } from "./rpc/close-sessions.ts";
import { createPerson } from "./rpc/create-person.ts";
import { createSession } from "./rpc/create-session.ts";
import { deletePerson } from "./rpc/delete-person.ts";
import { getPerson } from "./rpc/get-person.ts";
import { getSession } from "./rpc/get-session.ts";
import { listPersons } from "./rpc/list-persons.ts";
import { listSessions } from "./rpc/list-sessions.ts";
import { updatePerson } from "./rpc/update-person.ts";
import type { SessionRules } from "./session-rules.ts";

/** What the RPCs are served with. */
interface Serving {
  database: Dependency;
  /** The peers that may call what is public. */
  clients: readonly string[];
  log: Logger;
}

/** The RPCs about sessions. */
export function sessionService(
  em: EntityManager,
  rules: SessionRules,
  { database, clients, log }: Serving,
): ServedService {
  const handlers = {
    createSession: createSession(em, rules),
    getSession: getSession(em, rules),
    listSessions: listSessions(em, rules),
    closeSessions: closeSessions(em, rules),
  };
  return serve(SessionService, handlers, { log, requires: database, peers: { of: SESSION_PEERS, clients } });
}

/** The RPCs about persons. */
export function personService(
  context: PersonContext,
  deletions: Deletions,
  { database, clients, log }: Serving,
): ServedService {
  const { em } = context;
  const handlers = {
    createPerson: createPerson(context),
    getPerson: getPerson(em),
    listPersons: listPersons(em),
    updatePerson: updatePerson(em),
    deletePerson: deletePerson(context, deletions),
  };
  return serve(PersonService, handlers, { log, requires: database, peers: { of: PERSON_PEERS, clients } });
}

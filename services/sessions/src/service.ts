import type { EntityManager } from "@mikro-orm/postgresql";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { type Dependency, type ServedService, serve } from "@ocellus/runtime/grpc-service.ts";
import type { Logger } from "pino";
import { closeSessions } from "./rpc/close-sessions.ts";
import { createSession } from "./rpc/create-session.ts";
import { getSession } from "./rpc/get-session.ts";
import { listSessions } from "./rpc/list-sessions.ts";
import type { SessionRules } from "./session-rules.ts";

/** The RPCs of the sessions service. */
export function services(em: EntityManager, rules: SessionRules, database: Dependency, log: Logger): ServedService[] {
  const sessions = {
    createSession: createSession(em, rules),
    getSession: getSession(em, rules),
    listSessions: listSessions(em, rules),
    closeSessions: closeSessions(em, rules),
  };
  return [serve(SessionService, sessions, { log, requires: database })];
}

import type { EntityManager } from "@mikro-orm/postgresql";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { type Dependency, type ServedService, serve } from "@ocellus/runtime/grpc-service.ts";
import type { Logger } from "pino";
import { getSession } from "./rpc/get-session.ts";
import { listSessions } from "./rpc/list-sessions.ts";

/** The RPCs of the sessions service. */
export function services(em: EntityManager, idleTimeoutMs: number, database: Dependency, log: Logger): ServedService[] {
  const sessions = {
    getSession: getSession(em, idleTimeoutMs),
    listSessions: listSessions(em, idleTimeoutMs),
  };
  return [serve(SessionService, sessions, { log, requires: database })];
}

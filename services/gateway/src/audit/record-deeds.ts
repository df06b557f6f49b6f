import { type Message, toJson } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import type { EntityManager } from "@mikro-orm/postgresql";
import { AuditOutcome } from "@ocellus/proto/ocellus/access/v1/audit_service_pb.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import type { Logger } from "pino";
import { v7 } from "uuid";
import { AuditRecord } from "../entities/audit-record.ts";
import { statusOf } from "../upstream-status.ts";
import type { AuditLog, Deed } from "./audit-log.ts";

const MAX_RESOURCE = 1000;

/**
 * Records deeds in PostgreSQL.
 *
 * @param reach fails as soon as PostgreSQL cannot be reached
 */
export function recordDeeds(
  em: EntityManager,
  reach: <T>(work: () => Promise<T>) => Promise<T>,
  log: Logger,
): AuditLog {
  return {
    async recorded(deed, work) {
      const record = recordOf(deed);
      await reach(() => em.fork().insert(AuditRecord, record));
      const note = (outcome: AuditOutcome, errorCode = "") =>
        reach(() => em.fork().nativeUpdate(AuditRecord, { id: record.id }, { outcome, errorCode })).catch((error) =>
          // The deed is done; its record goes on to say that its outcome is not known.
          log.error({ err: error, auditRecord: record.id }, "the outcome of a recorded call could not be noted"),
        );
      try {
        const answer = await work();
        await note(AuditOutcome.DONE);
        return answer;
      } catch (error) {
        await note(AuditOutcome.FAILED, status[statusOf(error, log).code] ?? "UNKNOWN");
        throw error;
      }
    },
  };
}

function recordOf({ caller, method, request }: Deed) {
  const { id, name, issuer } = caller.principal;
  return {
    id: v7(),
    createTime: nowMicros(),
    actorId: id.slice(0, 255),
    actorName: name,
    issuer,
    address: caller.address,
    action: `${method.parent.typeName}/${method.name}`,
    resource: resourceOf(method.input, request).slice(0, MAX_RESOURCE).toWellFormed().replaceAll("\0", ""),
    outcome: AuditOutcome.UNKNOWN,
    errorCode: "",
  };
}

/** What a request names: its `id` where that is all, or else the request as JSON. A time that is none has no JSON, and is about to be refused. */
function resourceOf(desc: Deed["method"]["input"], request: Message): string {
  let json: Record<string, unknown>;
  try {
    json = toJson(desc, request) as Record<string, unknown>;
  } catch {
    return "a request that has no JSON";
  }
  return typeof json.id === "string" && Object.keys(json).length === 1 ? json.id : JSON.stringify(json);
}

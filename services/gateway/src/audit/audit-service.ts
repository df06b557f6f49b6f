import type { EntityManager } from "@mikro-orm/postgresql";
import type { AuditService } from "@ocellus/proto/ocellus/access/v1/audit_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { listNewestFirst } from "@ocellus/runtime/list-newest-first.ts";
import { AuditRecord } from "../entities/audit-record.ts";

/** The RPCs about audit records. */
export function auditService(em: EntityManager): Handlers<typeof AuditService> {
  return {
    async listAuditRecords(request) {
      const { actorId: actor_id, action, resource } = request;
      const { rows, nextPageToken } = await listNewestFirst(em, AuditRecord, {
        texts: { actor_id, action, resource },
        min: ["create_time_min", request.createTimeMin],
        max: ["create_time_max", request.createTimeMax],
        key: ["create_time", "id"],
        page: request,
      });
      return { auditRecords: rows.map((record) => record.toMessage()), nextPageToken };
    },
  };
}

import type { MessageInitShape } from "@bufbuild/protobuf";
import { defineEntity, p } from "@mikro-orm/core";
import type {
  AuditOutcome,
  AuditRecordSchema as MessageSchema,
} from "@ocellus/proto/ocellus/access/v1/audit_service_pb.ts";
import { MicrosType } from "@ocellus/runtime/micros-type.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";

const AuditRecordSchema = defineEntity({
  name: "AuditRecord",
  tableName: "audit_records",
  properties: {
    id: p.uuid().primary(),
    createTime: p.type(MicrosType),
    actorId: p.text(),
    actorName: p.text(),
    issuer: p.text(),
    address: p.text(),
    action: p.text(),
    resource: p.text(),
    outcome: p.smallint().$type<AuditOutcome>(),
    errorCode: p.text(),
  },
});

/** Who did what. */
export class AuditRecord extends AuditRecordSchema.class {
  /** The record as it is answered. */
  toMessage(): MessageInitShape<typeof MessageSchema> {
    const { id, action, resource, outcome, errorCode } = this;
    const actor = { id: this.actorId, name: this.actorName, issuer: this.issuer, address: this.address };
    return { id, createTime: timestampOf(this.createTime), actor, action, resource, outcome, errorCode };
  }
}
AuditRecordSchema.setClass(AuditRecord);

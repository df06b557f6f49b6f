import type { MessageInitShape } from "@bufbuild/protobuf";
import { defineEntity, p } from "@mikro-orm/core";
import type { ClientSchema as MessageSchema } from "@ocellus/proto/ocellus/access/v1/client_service_pb.ts";
import { MicrosType } from "@ocellus/runtime/micros-type.ts";
import { nowMicros, timestampOf } from "@ocellus/runtime/time.ts";
import { SCOPES, type ScopeName } from "../access/principal.ts";

const ClientSchema = defineEntity({
  name: "Client",
  tableName: "clients",
  properties: {
    id: p.text().primary(),
    displayName: p.text(),
    scopes: p.array().$type<ScopeName[]>(),
    namespaces: p.array(),
    secretHash: p.text(),
    secretCreateTime: p.type(MicrosType),
    previousSecretHash: p.text().nullable(),
    previousSecretExpireTime: p.type(MicrosType).nullable(),
    /** A token counts only while its client is of the version for which it was issued. */
    version: p.integer(),
    createTime: p.type(MicrosType),
    updateTime: p.type(MicrosType).nullable(),
    /** When it got its version, by PostgreSQL's clock. */
    versionTime: p.type(MicrosType),
    revokeTime: p.type(MicrosType).nullable(),
  },
});

/** An application that may call the gateway. One that was revoked stays, for the audit records that name it. */
export class Client extends ClientSchema.class {
  /** When the secret before expires; undefined where it does not work. */
  previousSecretWorksUntil(): bigint | undefined {
    const { previousSecretHash, previousSecretExpireTime: until } = this;
    return previousSecretHash !== null && until && until > nowMicros() ? until : undefined;
  }

  /** The client as it is answered. */
  toMessage(): MessageInitShape<typeof MessageSchema> {
    const previous = this.previousSecretWorksUntil();
    return {
      id: this.id,
      displayName: this.displayName,
      scopes: this.scopes.map((name) => SCOPES[name]),
      namespaces: this.namespaces,
      createTime: timestampOf(this.createTime),
      updateTime: this.updateTime ? timestampOf(this.updateTime) : undefined,
      secretCreateTime: timestampOf(this.secretCreateTime),
      previousSecretExpireTime: previous === undefined ? undefined : timestampOf(previous),
    };
  }
}
ClientSchema.setClass(Client);

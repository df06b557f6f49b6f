import type { MessageInitShape } from "@bufbuild/protobuf";
import { defineEntity, p } from "@mikro-orm/core";
import type {
  Person as PersonMessage,
  PersonSchema as PersonMessageSchema,
} from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { MicrosType } from "@ocellus/runtime/micros-type.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";

const PersonSchema = defineEntity({
  name: "Person",
  tableName: "persons",
  properties: {
    id: p.uuid().primary(),
    namespace: p.text(),
    email: p.text(),
    firstName: p.text().nullable(),
    lastName: p.text().nullable(),
    role: p.text(),
    createTime: p.type(MicrosType),
    updateTime: p.type(MicrosType).nullable(),
    signupEventId: p.uuid(),
    /** Whether ingest has accepted the signup event. */
    signupSent: p.boolean(),
    /** When its deletion began: from then on nobody but the deletion sees it. */
    deleteTime: p.type(MicrosType).nullable(),
  },
});

/** What a person is to the application where nobody said. */
export const DEFAULT_ROLE = "user";

/** Somebody whose events are tracked. */
export class Person extends PersonSchema.class {
  /** Takes over what a client may change. */
  change({ email, firstName, lastName, role }: PersonMessage): void {
    this.email = email;
    this.firstName = firstName ?? null;
    this.lastName = lastName ?? null;
    this.role = role || DEFAULT_ROLE;
  }

  /** The person as it is answered. */
  toMessage(): MessageInitShape<typeof PersonMessageSchema> {
    return {
      id: this.id,
      namespace: this.namespace,
      email: this.email,
      firstName: this.firstName ?? undefined,
      lastName: this.lastName ?? undefined,
      role: this.role,
      createTime: timestampOf(this.createTime),
      updateTime: this.updateTime ? timestampOf(this.updateTime) : undefined,
    };
  }
}
PersonSchema.setClass(Person);

import { defineEntity, p } from "@mikro-orm/core";
import { MicrosType } from "@ocellus/runtime/micros-type.ts";

const PurgedPersonSchema = defineEntity({
  name: "PurgedPerson",
  tableName: "purged_persons",
  properties: {
    namespace: p.text().primary(),
    personId: p.text().primary(),
    purgeTime: p.type(MicrosType),
  },
});

/** A person whose events, as far as they were received until `purgeTime`, are deleted for ever. */
export class PurgedPerson extends PurgedPersonSchema.class {}
PurgedPersonSchema.setClass(PurgedPerson);

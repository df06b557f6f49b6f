import { defineEntity, p } from "@mikro-orm/core";
import { MicrosType } from "@ocellus/runtime/micros-type.ts";
import type { JWK } from "jose";

const SigningKeySchema = defineEntity({
  name: "SigningKey",
  tableName: "signing_keys",
  properties: {
    id: p.text().primary(),
    privateJwk: p.json<JWK>(),
    createTime: p.type(MicrosType),
    /** From when it signs. It is published before, so that whoever verifies knows it by then. */
    signTime: p.type(MicrosType),
  },
});

/** A key that signs tokens, or will, or did while tokens that it signed may still count. */
export class SigningKey extends SigningKeySchema.class {}
SigningKeySchema.setClass(SigningKey);

import type { Schema } from "@ocellus/runtime/database.ts";
import { AuditRecord } from "./entities/audit-record.ts";
import { Client } from "./entities/client.ts";
import { SigningKey } from "./entities/signing-key.ts";
import { Migration0001CreateAccess } from "./migrations/0001-create-access.ts";

/** The schema `access`: who may call from outside, the keys that sign their tokens, and the records of what they did. */
export const schema: Schema = {
  name: "access",
  entities: [AuditRecord, Client, SigningKey],
  migrations: [{ name: "0001-create-access", class: Migration0001CreateAccess }],
};

import { Migration } from "@mikro-orm/migrations";
import { createRole } from "@ocellus/runtime/create-role.ts";

/** Who may call from outside, the keys that sign their tokens, and the records of what they did. No other role may read any of it. */
export class Migration0001CreateAccess extends Migration {
  override async up(): Promise<void> {
    this.addSql(createRole("ocellus_gateway"));
    this.addSql(`create schema if not exists access`);
    this.addSql(`
      create table access.clients (
        id text primary key,
        display_name text not null,
        scopes text[] not null,
        namespaces text[] not null,
        secret_hash text not null,
        secret_create_time timestamptz not null,
        previous_secret_hash text,
        previous_secret_expire_time timestamptz,
        version integer not null,
        create_time timestamptz not null,
        update_time timestamptz,
        version_time timestamptz not null,
        revoke_time timestamptz
      )`);
    this.addSql(`create index clients_time on access.clients (create_time, id) where revoke_time is null`);
    // What each gateway asks for every second: the few whose earlier tokens do not count any more.
    this.addSql(`create index clients_version_time on access.clients (version_time)`);
    this.addSql(`
      create table access.signing_keys (
        id text primary key,
        private_jwk jsonb not null,
        create_time timestamptz not null,
        sign_time timestamptz not null
      )`);
    this.addSql(`
      create table access.audit_records (
        id uuid primary key,
        create_time timestamptz not null,
        actor_id text not null,
        actor_name text not null,
        issuer text not null,
        address text not null,
        action text not null,
        resource text not null,
        outcome smallint not null,
        error_code text not null
      )`);
    this.addSql(`create index audit_records_time on access.audit_records (create_time, id)`);
    this.addSql(`create index audit_records_actor on access.audit_records (actor_id, create_time, id)`);
    this.addSql(`create index audit_records_resource on access.audit_records (resource, create_time, id)`);
    this.addSql(`grant usage on schema access to ocellus_gateway`);
    this.addSql(`grant select on all tables in schema access to ocellus_gateway`);
    this.addSql(`grant insert, update on access.clients to ocellus_gateway`);
    this.addSql(`grant insert, delete on access.signing_keys to ocellus_gateway`);
    this.addSql(`grant insert, update, delete on access.audit_records to ocellus_gateway`);
  }
}

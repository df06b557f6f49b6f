import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createRole, grantRole } from "@ocellus/runtime/create-role.ts";
import { DATABASE_SERVICES, type DatabaseService, withConnection } from "@ocellus/suite/database-roles.ts";
import pg from "pg";
import { sharedServers } from "./support/shared-servers.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;
let tables: { name: string; column: string }[];

beforeAll(async () => {
  bed = await startTestBed([]);
  // A partition of a month, as there is one in any suite that runs.
  await bed.query("select ingest.ensure_partition(current_date)");
  tables = await bed.query(
    `select format('%I.%I', table_schema, table_name) as name, format('%I', min(column_name)) as column
     from information_schema.columns where table_schema not in ('pg_catalog', 'information_schema')
     group by table_schema, table_name order by 1`,
  );
});
afterAll(() => bed?.stop());

const READ = ["select"];
const WRITE = ["select", "insert", "update", "delete"];

/** What the role of each service may do with which table. What is not here it may not, nor anything with a partition of the events. */
const RIGHTS: Record<DatabaseService, Record<string, string[]>> = {
  ingest: {
    "ingest.events": WRITE,
    "ingest.events_default": READ,
    "ingest.event_partitions": READ,
    "ingest.kept_from": READ,
    "ingest.deleted_events": WRITE,
    "ingest.purged_persons": WRITE,
    "ingest.outbox": WRITE,
    "ingest.event_errors": WRITE,
    "ingest.event_error_totals": ["select", "update"],
    "ingest.mikro_orm_migrations": READ,
  },
  sessions: {
    "ingest.events": READ,
    "ingest.kept_from": READ,
    "ingest.unannounced_changes": READ,
    "sessions.sessions": WRITE,
    "sessions.session_aliases": WRITE,
    "sessions.inbox": WRITE,
    "sessions.recounts": WRITE,
    "sessions.persons": WRITE,
    "sessions.mikro_orm_migrations": READ,
  },
  aggregation: {
    "ingest.events": READ,
    "ingest.kept_from": READ,
    "ingest.unannounced_changes": READ,
    "aggregation.quarters": WRITE,
    "aggregation.hours": WRITE,
    "aggregation.days": WRITE,
    "aggregation.buckets": READ,
    "aggregation.dirty_buckets": WRITE,
    "aggregation.series": WRITE,
    "aggregation.frontier": WRITE,
    "aggregation.mikro_orm_migrations": READ,
  },
  gateway: {
    "access.clients": ["select", "insert", "update"],
    "access.signing_keys": ["select", "insert", "delete"],
    "access.audit_records": WRITE,
    "access.mikro_orm_migrations": READ,
  },
};

/** Statements that PostgreSQL plans, and would begin but for the right. */
const OPERATIONS: Record<string, (table: string, column: string) => string> = {
  select: (table) => `explain select from ${table}`,
  insert: (table) => `explain insert into ${table} default values`,
  update: (table, column) => `explain update ${table} set ${column} = default`,
  delete: (table) => `explain delete from ${table}`,
  truncate: (table) => `truncate ${table}`,
  alter: (table) => `alter table ${table} set schema public`,
  drop: (table) => `drop table ${table}`,
};

/** What no role may do, whatever the schema. */
const ELSEWHERE = [
  "create schema intruder",
  "create role intruder",
  "alter role ocellus_ingest superuser",
  "set role postgres",
  "create extension dblink",
  "copy (select 1) to program 'true'",
  "select pg_read_file('postgresql.conf')",
  "set log_statement = 'all'",
  "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
];

function urlOf(service: DatabaseService): string {
  const url = new URL(bed.adminUrl);
  url.username = `ocellus_${service}`;
  url.password = sharedServers().password;
  return url.href;
}

/** "OK", or the SQLSTATE with which a statement is refused. Nothing of it stays. */
async function answerTo(client: pg.Client, statement: string): Promise<string> {
  await client.query("begin");
  try {
    await client.query(statement);
    return "OK";
  } catch (error) {
    return (error as pg.DatabaseError).code!;
  } finally {
    await client.query("rollback");
  }
}

describe.each(DATABASE_SERVICES)("the role of %s", (service) => {
  let client: pg.Client;
  beforeAll(async () => {
    client = new pg.Client({ connectionString: urlOf(service) });
    await client.connect();
  });
  afterAll(() => client.end());

  test("may do with each table what its service does, and nothing else", async () => {
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(RIGHTS[service])));
    const allowed: Record<string, string[]> = {};
    for (const { name, column } of tables) {
      for (const [operation, statement] of Object.entries(OPERATIONS)) {
        const answer = await answerTo(client, statement(name, column));
        if (answer === "OK") allowed[name] = [...(allowed[name] ?? []), operation];
        // What cannot be done with a view at all is refused as that.
        else
          expect([name, operation, answer]).toEqual([name, operation, expect.stringMatching(/^(42501|42809|55000)$/)]);
      }
    }
    expect(allowed).toEqual(RIGHTS[service]);
  });

  test("may make nothing in any schema", async () => {
    const schemas = await bed.query<{ name: string }>(
      "select nspname as name from pg_namespace where nspname !~ '^pg_(toast|temp)'",
    );
    expect(schemas.map(({ name }) => name)).toEqual(expect.arrayContaining(["public", "ingest", "sessions", "access"]));
    for (const { name } of schemas) {
      expect([name, await answerTo(client, `create table ${name}.intruder ()`)]).toEqual([name, "42501"]);
    }
  });

  test.each(ELSEWHERE)("may not: %s", async (statement) => {
    expect(await answerTo(client, statement)).toBe("42501");
  });

  test("is none of the others", async () => {
    for (const other of DATABASE_SERVICES.filter((name) => name !== service)) {
      expect([other, await answerTo(client, `set role ocellus_${other}`)]).toEqual([other, "42501"]);
    }
  });
});

test("functions that act with the rights of whoever migrates are for ingest alone, and those few that it calls", async () => {
  const rows = await bed.query<{ role: string; name: string }>(
    `select rolname as role, p.oid::regprocedure::text as name from pg_proc p, pg_roles
     where prosecdef and rolname ~ '^ocellus_' and has_function_privilege(rolname, p.oid, 'execute') order by 1, 2`,
  );
  expect(rows).toEqual(
    [
      "ingest.drain_default(integer)",
      "ingest.drop_oldest_partition()",
      "ingest.ensure_partition(date)",
      "ingest.keep_from(timestamp with time zone)",
    ].map((name) => ({ role: "ocellus_ingest", name })),
  );
});

test("roles are members of nothing but those who read events, and own nothing", async () => {
  const members = await bed.query(
    `select m.rolname as member, r.rolname as role from pg_auth_members
     join pg_roles m on m.oid = member join pg_roles r on r.oid = roleid where m.rolname ~ '^ocellus_' order by 1, 2`,
  );
  expect(members).toEqual([
    { member: "ocellus_aggregation", role: "ocellus_events_reader" },
    { member: "ocellus_sessions", role: "ocellus_events_reader" },
  ]);
  const owned = await bed.query(
    "select relname from pg_class join pg_roles o on o.oid = relowner where rolname ~ '^ocellus_'",
  );
  expect(owned).toEqual([]);
});

test("the schemas can be migrated by a role that may make no roles, where they are there", async () => {
  await withConnection(bed.adminUrl, async (client) => {
    await client.query("begin");
    await client.query("create role migrator");
    await client.query("set role migrator");
    for (const service of DATABASE_SERVICES) await client.query(createRole(`ocellus_${service}`));
    await client.query(createRole("ocellus_events_reader"));
    for (const reader of ["sessions", "aggregation"]) {
      await client.query(grantRole("ocellus_events_reader", `ocellus_${reader}`));
    }
    await client.query("rollback");
  });
});

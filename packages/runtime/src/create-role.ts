/**
 * SQL that creates a role without a login, unless it is there. Roles belong to the whole server, so another database's
 * migration may have made it, or make it at this moment; or somebody else has, and we may make none.
 */
export function createRole(name: string): string {
  return `
    do $$ begin
      if not exists (select from pg_catalog.pg_roles where rolname = '${name}') then
        create role ${name} nologin;
      end if;
    exception when duplicate_object or unique_violation then null;
    end $$`;
}

/** SQL that makes a role a member of another, unless it is. */
export function grantRole(name: string, member: string): string {
  return `
    do $$ begin
      if not pg_catalog.pg_has_role('${member}', '${name}', 'usage') then
        grant ${name} to ${member};
      end if;
    end $$`;
}

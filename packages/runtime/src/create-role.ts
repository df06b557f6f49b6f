/**
 * SQL that creates a role without a login, unless it is there. Roles belong to the whole server, so another database's
 * migration may have made it, or make it at this moment.
 */
export function createRole(name: string): string {
  return `
    do $$ begin
      create role ${name} nologin;
    exception when duplicate_object or unique_violation then null;
    end $$`;
}

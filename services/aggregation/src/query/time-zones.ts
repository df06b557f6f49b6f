import type { EntityManager } from "@mikro-orm/postgresql";
import { sql } from "kysely";

const UTC = /^(etc\/)?(utc|uct|zulu|universal|greenwich|gmt[+-]?0?)$/;

/** The IANA time zones that PostgreSQL knows, by their names in lower case. It reads a file for each, so they are read once. */
const zones = new WeakMap<EntityManager, Promise<Map<string, string>>>();

/** The name by which PostgreSQL knows a zone; undefined where it is none. All names of UTC are "UTC". */
export async function findZone(em: EntityManager, name: string): Promise<string | undefined> {
  const sought = name.toLowerCase();
  if (UTC.test(sought)) return "UTC";
  let known = zones.get(em);
  if (!known) {
    known = readZones(em);
    zones.set(em, known);
    known.catch(() => zones.delete(em));
  }
  return (await known).get(sought);
}

async function readZones(em: EntityManager): Promise<Map<string, string>> {
  // "localtime" and "posixrules" are whatever the server's machine is set to.
  const { rows } = await sql<{ name: string }>`
    select name from pg_timezone_names where name !~ '^(posix/|right/|localtime$|posixrules$|Factory$)'
  `.execute(em.fork().getKysely());
  return new Map(rows.map(({ name }) => [name.toLowerCase(), name]));
}

import pg from "pg";

/** Runs `work` on one connection. */
export async function withConnection<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The version of the server behind `url`. Throws, with what it connected to, if that cannot be had. */
export async function postgresVersion(url: string): Promise<string> {
  try {
    return await withConnection(url, async (client) => {
      const { rows } = await client.query("show server_version");
      return rows[0].server_version.split(" ")[0];
    });
  } catch (error) {
    const { host, pathname } = new URL(url);
    throw new Error(`PostgreSQL at ${host}${pathname} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Makes sure that the server behind `adminUrl` has the database `name`, and answers its URL for the same user. Roles
 * belong to the whole server: databases on one server share them and their passwords.
 */
export async function createDatabase(adminUrl: string, name: string): Promise<string> {
  await withConnection(adminUrl, async (client) => {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  });
  const url = new URL(adminUrl);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}

/** The services that own a schema, each behind a role of its own. */
export const DATABASE_SERVICES = ["ingest", "sessions", "aggregation", "gateway"] as const;
export type DatabaseService = (typeof DATABASE_SERVICES)[number];

/**
 * Gives the role of each service, which the migrations have made, its password and the right to connect. Answers the
 * DATABASE_URL of each service.
 */
export async function ensureLogins(
  adminUrl: string,
  passwords: Readonly<Record<DatabaseService, string>>,
): Promise<Record<DatabaseService, string>> {
  return withConnection(adminUrl, async (client) => {
    const { rows } = await client.query("select current_database() as name");
    const database = client.escapeIdentifier(rows[0].name);
    const urls: Partial<Record<DatabaseService, string>> = {};
    for (const service of DATABASE_SERVICES) {
      const name = `ocellus_${service}`;
      const role = client.escapeIdentifier(name);
      await client.query(`alter role ${role} login password ${client.escapeLiteral(passwords[service])}`);
      await client.query(`grant connect on database ${database} to ${role}`);
      const url = new URL(adminUrl);
      url.username = name;
      url.password = encodeURIComponent(passwords[service]);
      urls[service] = url.href;
    }
    return urls as Record<DatabaseService, string>;
  });
}

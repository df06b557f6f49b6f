import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BackgroundProcess, startBackgroundProcess } from "./background-process.ts";
import { createDatabase } from "./database-roles.ts";
import { findPostgresBinaries } from "./postgres-binaries.ts";
import { createPostgresData, releaseStaleLock, saysReady } from "./postgres-data.ts";
import { readOrCreateSecrets } from "./secrets.ts";
import { findUnprivileged } from "./unprivileged-user.ts";

/** Recovery after a crash replays what was written since the last checkpoint. */
const READY_WITHIN_MS = 60_000;

// SIGTERM would wait until every client has gone; SIGKILL would leave its children without anybody to end them.
const FAST = "SIGINT";
const IMMEDIATE = "SIGQUIT";

/**
 * Its own log holds no rows and no parameters: errors, which the services log by themselves, are left out, as their texts tell of both.
 */
const DISCREET_SETTINGS = {
  log_min_messages: "log",
  log_min_error_statement: "panic",
  log_error_verbosity: "terse",
  log_parameter_max_length_on_error: "0",
};

/** Enough for one machine's suite on a laptop. What makes a commit durable (fsync, synchronous_commit) stays on. */
const MODEST_SETTINGS = {
  shared_buffers: "64MB",
  max_connections: "100",
  max_wal_size: "512MB",
  io_workers: "1",
  max_worker_processes: "4",
  autovacuum_max_workers: "2",
  jit: "off",
};

export interface PostgresOptions {
  /** Keeps the data, the password and the log. */
  dataDir: string;
  port: number;
  /** Settings of postgresql.conf that win over the defaults. */
  settings?: Readonly<Record<string, string>>;
  pidFile?: string;
  signal?: AbortSignal;
}

/** A PostgreSQL server of our own, on 127.0.0.1. */
export interface Postgres extends AsyncDisposable {
  /** The superuser's URL of the database `ocellus`. */
  readonly adminUrl: string;
  readonly port: number;
  readonly process: BackgroundProcess;
  pid(): number;
  /** "fast" ends connections and writes everything out; "immediate" is a crash on purpose. */
  stop(mode?: "fast" | "immediate"): Promise<void>;
}

/** Starts PostgreSQL on the data in `dataDir`, made when missing, also after a crash. Resolves when it takes connections. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { port, settings, pidFile, signal } = options;
  const folder = resolve(options.dataDir);
  const data = join(folder, "data");
  const binaries = findPostgresBinaries();
  mkdirSync(folder, { recursive: true });
  const passwordFile = join(folder, "password.json");
  const { postgres: password } = readOrCreateSecrets(passwordFile, ["postgres"]);
  const unprivileged = findUnprivileged(data, [passwordFile, binaries.postgres]);
  if (!existsSync(data)) await createPostgresData(data, password, binaries, unprivileged);
  signal?.throwIfAborted();
  releaseStaleLock(data);

  const server = await startBackgroundProcess({
    name: "PostgreSQL",
    ...unprivileged.command(binaries.postgres, ["-D", data, ...settingFlags({ ...settings, port: String(port) })]),
    environment: { PATH: process.env.PATH ?? "", LC_ALL: "C" },
    cwd: "/",
    logFile: join(folder, "postgres.log"),
    pidFile,
    stopSignal: FAST,
    crashSignal: IMMEDIATE,
    killAfterMs: 60_000,
  });
  const urlOf = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  try {
    await server.untilReady(async () => saysReady(data, server.pid), { timeoutMs: READY_WITHIN_MS, signal });
    const adminUrl = await createDatabase(urlOf("postgres"), "ocellus");
    return {
      adminUrl,
      port,
      process: server,
      pid: () => server.pid,
      stop: async (mode = "fast") => void (await server.stop(mode === "fast" ? FAST : IMMEDIATE)),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function settingFlags(own: Record<string, string>): string[] {
  const fixed = { listen_addresses: "127.0.0.1", unix_socket_directories: "", timezone: "UTC", log_timezone: "UTC" };
  const all = { ...MODEST_SETTINGS, ...DISCREET_SETTINGS, ...fixed, ...own };
  return Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { type BackgroundProcess, startBackgroundProcess } from "./background-process.ts";
import { findProgram, programFolders } from "./find-program.ts";
import { installNatsServer } from "./install-nats-server.ts";
import { greetingOf } from "./nats-greeting.ts";
import { repositoryRoot } from "./repository.ts";

/** JetStream reads its streams back before it answers. */
const READY_WITHIN_MS = 60_000;

export interface NatsOptions {
  /** The nats-server program. */
  binary: string;
  /** Keeps the streams, the configuration and the log. */
  dataDir: string;
  /** The folder of the certificates: its own, and that of the CA of those who may come. */
  certificates: string;
  port: number;
  /** Lines of the configuration that win over the defaults, such as `max_payload: "8MB"`. */
  settings?: Readonly<Record<string, string | number>>;
  pidFile?: string;
  signal?: AbortSignal;
}

/** A NATS server of our own with JetStream, on 127.0.0.1, for users with a certificate (deploy/nats/users.conf). */
export interface Nats extends AsyncDisposable {
  readonly url: string;
  readonly process: BackgroundProcess;
  pid(): number;
  /** Has it read its certificate anew, for new connections. */
  reload(): void;
  /** SIGTERM ends connections and writes everything out; SIGKILL is a crash on purpose. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/**
 * The path of nats-server: from `folders` (those of PATH), else from `installDir`, else put there now from the packages
 * of the system. Throws, with what to do, where none of this can be had.
 */
export async function findNatsServer(
  installDir: string,
  { folders = programFolders(), install = installNatsServer } = {},
): Promise<string> {
  const found = findProgram("nats-server", [...folders, installDir]);
  if (found) return found;
  const cause = await install(resolve(installDir)).catch((error: Error) => error);
  if (typeof cause === "string") return cause;
  throw new Error(
    "There is no nats-server on PATH, and the packages of this system did not yield one: install nats-server 2.9 or " +
      `newer (https://nats.io/download), or set NATS_URL to one that runs with JetStream.${cause ? `\n${cause.message}` : ""}`,
    { cause },
  );
}

/** Starts nats-server on the streams in `dataDir`. Resolves when it answers with JetStream enabled. */
export async function startNats(options: NatsOptions): Promise<Nats> {
  const { binary, port, settings = {}, pidFile, signal } = options;
  const folder = resolve(options.dataDir);
  mkdirSync(folder, { recursive: true });
  const configFile = join(folder, "nats-server.conf");
  // New at each start, so that no other server on this port is taken for this one.
  const serverName = `ocellus-${randomUUID()}`;
  writeFileSync(configFile, configuration(folder, settings));

  const server = await startBackgroundProcess({
    name: "nats-server",
    command: binary,
    args: ["--config", configFile],
    environment: {
      PATH: process.env.PATH ?? "",
      HOME: process.env.HOME ?? "/",
      ...variables({ ...options, serverName, storeDir: join(folder, "jetstream") }),
    },
    logFile: join(folder, "nats-server.log"),
    pidFile,
    killAfterMs: 30_000,
  });
  try {
    const answers = async () => {
      const greeting = await greetingOf("127.0.0.1", port);
      return greeting?.server_name === serverName && greeting.jetstream === true;
    };
    await server.untilReady(answers, { timeoutMs: READY_WITHIN_MS, signal });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    url: `tls://127.0.0.1:${port}`,
    process: server,
    pid: () => server.pid,
    reload: () => void process.kill(server.pid, "SIGHUP"),
    stop: async (signal = "SIGTERM") => void (await server.stop(signal)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** What every deployment has, and then what this server has instead. A path that is included is taken from the folder of the file. */
function configuration(folder: string, settings: Readonly<Record<string, string | number>>): string {
  const shared = relative(folder, join(repositoryRoot, "deploy/nats/nats-server.conf"));
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return [`include ${JSON.stringify(shared)}`, ...lines, ""].join("\n");
}

/** What deploy/nats/nats-server.conf takes from the environment. Each is read as a value of the configuration, and so quoted. */
function variables(options: Pick<NatsOptions, "certificates" | "port"> & { serverName: string; storeDir: string }) {
  const { ca, cert, key } = tlsFilesIn(resolve(options.certificates), "nats");
  const values = {
    SERVER_NAME: options.serverName,
    LISTEN: `127.0.0.1:${options.port}`,
    STORE_DIR: options.storeDir,
    TLS_CA: ca,
    TLS_CERT: cert,
    TLS_KEY: key,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
}

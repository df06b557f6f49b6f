import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BackgroundProcess, startBackgroundProcess } from "./background-process.ts";
import { findProgram, programFolders } from "./find-program.ts";
import { installNatsServer } from "./install-nats-server.ts";
import { greetingOf } from "./nats-greeting.ts";

/** JetStream reads its streams back before it answers. */
const READY_WITHIN_MS = 60_000;

export interface NatsOptions {
  /** The nats-server program. */
  binary: string;
  /** Keeps the streams, the configuration and the log. */
  dataDir: string;
  port: number;
  /** Lines of the configuration that win over the defaults, such as `max_payload: "8MB"`. */
  settings?: Readonly<Record<string, string | number>>;
  pidFile?: string;
  signal?: AbortSignal;
}

/** A NATS server of our own with JetStream, on 127.0.0.1. */
export interface Nats extends AsyncDisposable {
  readonly url: string;
  readonly process: BackgroundProcess;
  pid(): number;
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
  const { binary, port, settings, pidFile, signal } = options;
  const folder = resolve(options.dataDir);
  mkdirSync(folder, { recursive: true });
  const configFile = join(folder, "nats-server.conf");
  // New at each start, so that no other server on this port is taken for this one.
  const serverName = `ocellus-${randomUUID()}`;
  const fixed = { server_name: serverName, listen: `127.0.0.1:${port}` };
  writeFileSync(configFile, configuration(folder, { ...settings, ...fixed }));

  const server = await startBackgroundProcess({
    name: "nats-server",
    command: binary,
    args: ["--config", configFile],
    environment: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "/" },
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
    url: `nats://127.0.0.1:${port}`,
    process: server,
    pid: () => server.pid,
    stop: async (signal = "SIGTERM") => void (await server.stop(signal)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Nothing here is newer than nats-server 2.9: it refuses to start over an option that it does not know. */
function configuration(folder: string, settings: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `${lines.join("\n")}\njetstream {\n  store_dir: ${JSON.stringify(join(folder, "jetstream"))}\n}\n`;
}

import { get } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BackgroundProcess, startBackgroundProcess } from "./background-process.ts";
import { DATABASE_SERVICES } from "./database-roles.ts";
import { repositoryRoot } from "./repository.ts";
import { runCommand } from "./run-command.ts";

const READY_WITHIN_MS = 90_000;
/** A service lets running calls end for ten seconds, and then still has to close what it opened. */
const KILL_AFTER_MS = 15_000;

/** What Node itself takes from the environment: nothing of it changes what a service does. */
const INHERITED = ["PATH", "HOME", "TZ", "TMPDIR", "NODE_EXTRA_CA_CERTS", "NODE_COMPILE_CACHE"];

/**
 * Node sets aside 48 MiB for young objects, of which a service at rest needs little and one at work a few. Those of a request to the
 * gateway outlive several collections of so few, and cost more of them than of memory.
 */
const nodeFlags = (name: ServiceName) => [`--max-semi-space-size=${name === "gateway" ? 16 : 4}`];

export const SERVICES = DATABASE_SERVICES;
export type ServiceName = (typeof SERVICES)[number];

/** A running service. */
export type ServiceProcess = BackgroundProcess;

export interface ServiceOptions {
  name: ServiceName;
  /** How messages call it; by default, as the service. */
  title?: string;
  /** All that the service is told; nothing else of this process's environment reaches it. */
  environment: Readonly<Record<string, string>>;
  /** Takes its log, one JSON object a line. */
  logFile?: string;
  pidFile?: string;
  signal?: AbortSignal;
}

/** Starts a service of this project. Resolves when it says on its health port that it is ready. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const { name, title = name, environment, logFile, pidFile, signal } = options;
  const service = await startBackgroundProcess({
    name: title,
    command: process.execPath,
    args: [...nodeFlags(name), join(repositoryRoot, "services", name, "src/main.ts")],
    environment: { ...inherited(), ...environment },
    cwd: repositoryRoot,
    logFile,
    pidFile,
    killAfterMs: KILL_AFTER_MS,
  });
  try {
    const ready = () => answersOk(`http://127.0.0.1:${environment.HEALTH_PORT}/readyz`);
    await service.untilReady(ready, { timeoutMs: READY_WITHIN_MS, signal });
    return service;
  } catch (error) {
    await service.stop();
    throw error;
  }
}

/**
 * Brings the schemas of all services up to date, one after another, as the admin that DATABASE_URL names. Answers a line
 * for each migration that was applied; throws with the output if one fails.
 */
export async function runMigrations({ environment }: Pick<ServiceOptions, "environment">): Promise<string[]> {
  const files = DATABASE_SERVICES.map((name) => join(repositoryRoot, "services", name, "src/migrate.ts"));
  // One process loads the object mapper once, which takes longer than all migrations of a database that is up to date.
  const imports = files.slice(0, -1).flatMap((file) => ["--import", pathToFileURL(file).href]);
  const output = await runCommand(process.execPath, [...imports, files.at(-1)!], {
    cwd: repositoryRoot,
    environment: { ...inherited(), ...environment },
  });
  return output.split("\n").filter(Boolean);
}

function inherited(): Record<string, string> {
  return Object.fromEntries(INHERITED.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

function answersOk(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("error", () => resolve(false));
    request.on("timeout", () => request.destroy());
  });
}

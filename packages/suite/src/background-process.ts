import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { openLogFile } from "./log-file.ts";
import { removePidFile, writePidFile } from "./pid-file.ts";
import { signalProcess } from "./process-identity.ts";

const PROBE_EVERY_MS = 20;

export interface BackgroundProcessOptions {
  /** How messages call it. */
  name: string;
  command: string;
  args: readonly string[];
  environment: Readonly<Record<string, string>>;
  cwd?: string;
  user?: { uid: number; gid: number };
  /** Appended to; without it the output is kept only for error messages. */
  logFile?: string;
  /** Written while it runs, so that it can be found after this process was killed. */
  pidFile?: string;
  /** Makes it end in order. */
  stopSignal?: NodeJS.Signals;
  /** Makes it end at once: sent if this process ends without having stopped it. */
  crashSignal?: NodeJS.Signals;
  /** How long it may take to end before it is made to. */
  killAfterMs?: number;
}

export interface BackgroundProcess extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** Settles with the exit code when it has ended, with 128 and the signal's number where a signal ended it. */
  readonly exited: Promise<number>;
  /** Settles if it ends without having been told to, with what happened. */
  readonly failed: Promise<Error>;
  /** What it wrote last, for messages. */
  lastLines(count?: number): string;
  /** Ends it, by force if that takes too long; settles with its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number>;
  /** Waits until `probe` says yes. Throws, with the last log lines, if it ends first or takes too long. */
  untilReady(probe: () => Promise<boolean>, limits: { timeoutMs: number; signal?: AbortSignal }): Promise<void>;
}

/** What ends the processes that run, should this one end without having stopped them. */
const running = new Set<() => void>();
process.on("exit", () => {
  for (const end of running) end();
});

/**
 * Starts a program in a process group of its own: Ctrl-C in the terminal reaches only this process, which then stops
 * the others in order.
 */
export async function startBackgroundProcess(options: BackgroundProcessOptions): Promise<BackgroundProcess> {
  const { name, command, args, environment, cwd, user, pidFile } = options;
  const { stopSignal = "SIGTERM", crashSignal = "SIGKILL", killAfterMs = 10_000 } = options;
  const log = openLogFile(options.logFile);
  const stdio = ["ignore", log.descriptor, log.descriptor] as const;
  const child: ChildProcess = spawn(command, args, {
    env: { ...environment },
    cwd,
    ...user,
    detached: true,
    stdio: [...stdio],
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    log.close();
    throw new Error(`${name} cannot be started: ${(error as Error).message}`, { cause: error });
  }
  const pid = child.pid!;
  if (pidFile) writePidFile(pidFile, { name, pid, stopSignal });

  const end = () => signalProcess(pid, crashSignal);
  running.add(end);
  let exitCode: number | undefined;
  let told = false;
  const exited = new Promise<number>((resolve) => {
    child.once("exit", (code, signal) => {
      running.delete(end);
      log.close();
      if (pidFile) removePidFile(pidFile);
      exitCode = code ?? 128 + constants.signals[signal!];
      resolve(exitCode);
    });
  });

  const whatHappened = () => new Error(`${name} ended with code ${exitCode}:\n${log.lastLines(20)}`);
  const failed = new Promise<Error>((resolve) => exited.then(() => told || resolve(whatHappened())));

  async function stop(signal = stopSignal): Promise<number> {
    if (exitCode !== undefined) return exitCode;
    told = true;
    signalProcess(pid, signal);
    const timer = setTimeout(() => signalProcess(-pid, "SIGKILL"), killAfterMs);
    return exited.finally(() => clearTimeout(timer));
  }

  return {
    name,
    pid,
    exited,
    failed,
    lastLines: (count = 20) => log.lastLines(count),
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
    async untilReady(probe, { timeoutMs, signal }) {
      const deadline = performance.now() + timeoutMs;
      while (true) {
        const ready = await probe();
        signal?.throwIfAborted();
        // Another program may answer in place of one that ended because its port was taken.
        if (exitCode !== undefined) throw whatHappened();
        if (ready) return;
        if (performance.now() > deadline) {
          throw new Error(`${name} was not ready after ${timeoutMs / 1000} s:\n${log.lastLines(20)}`);
        }
        await delay(PROBE_EVERY_MS);
      }
    },
  };
}

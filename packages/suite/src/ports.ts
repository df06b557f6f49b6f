import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

/** Below those that systems give to connections (from 32768 in Linux), one of which could take a port before it is used. */
const LOWEST = 10_000;
const HIGHEST = 32_000;
/** Tests that run side by side look for ports each in a share of its own: one does not take what another found, or stopped using for a moment. */
const SHARES = 8;

/** A port of the suite: what it is for, and the variable that moves it. */
export interface NeededPort {
  readonly port: number;
  readonly name: string;
  readonly variable: string;
}

/** A port of 127.0.0.1 that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}

/** Several such ports, all different. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held until the last is found, so that none is given twice.
  const held = new Map<number, Server>();
  const [lowest, highest] = rangeOf(process.env.JEST_WORKER_ID);
  try {
    while (held.size < count) {
      const port = randomInt(lowest, highest);
      try {
        held.set(port, await listen(port));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      }
    }
    return [...held.keys()];
  } finally {
    await Promise.all([...held.values()].map(close));
  }
}

/** Where to look: in all of the range, but for a worker of jest, which are counted from 1. */
export function rangeOf(worker: string | undefined): [from: number, below: number] {
  if (worker === undefined) return [LOWEST, HIGHEST];
  const size = (HIGHEST - LOWEST) / SHARES;
  const from = LOWEST + (Number(worker) % SHARES) * size;
  return [from, from + size];
}

/** Throws one error that names every port that is taken or asked for twice, and the variable that moves it. */
export async function requireFreePorts(needed: readonly NeededPort[]): Promise<void> {
  const problems: string[] = [];
  const seen = new Map<number, NeededPort>();
  for (const wish of needed) {
    const other = seen.get(wish.port);
    const problem = other ? `is also that of ${other.name}` : await problemOf(wish.port);
    if (problem) problems.push(`  ${wish.name}: port ${wish.port} ${problem}; set ${wish.variable} to another port`);
    seen.set(wish.port, wish);
  }
  if (problems.length > 0) throw new Error(`Some ports cannot be had on 127.0.0.1:\n${problems.join("\n")}`);
}

async function problemOf(port: number): Promise<string | undefined> {
  try {
    await close(await listen(port));
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") return "is in use";
    return code === "EACCES" ? "is not open to this user" : `cannot be opened (${message})`;
  }
}

function listen(port: number): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const server = createServer();
  server.once("error", reject);
  server.listen({ port, host: "127.0.0.1" }, () => resolve(server));
  return promise;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

import { createServer, type Server } from "node:net";

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
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map(close));
  return ports;
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

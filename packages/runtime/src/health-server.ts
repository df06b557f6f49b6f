import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { collectDefaultMetrics, register } from "prom-client";

/** One thing that a service needs to serve, and whether it has it now. */
export type ReadinessCheck = { name: string; ready: () => boolean };

/** The HTTP server of probes and metrics. */
export interface HealthServer {
  port: number;
  /** From now on `/readyz` asks these; before, it answers 503. */
  serveWhile(checks: ReadinessCheck[]): void;
  /** `/readyz` answers 503 from now on. */
  stopServing(): void;
  stop(): Promise<void>;
}

/**
 * Serves `/livez` (200 while the process runs), `/readyz` (200 while it can serve, else 503 with what is missing) and
 * `/metrics` (Prometheus text), in plain HTTP: kubelet's probes bring no client certificate.
 */
export async function startHealthServer(host: string, port: number): Promise<HealthServer> {
  let checks: ReadinessCheck[] = [{ name: "start", ready: () => false }];
  collectDefaultMetrics({ register });
  const server = createServer(async (request, response) => {
    const answer = (code: number, text: string, type = "text/plain") =>
      response.writeHead(code, { "content-type": type }).end(text);
    const path = request.url?.split("?")[0];
    if (path === "/livez") return answer(200, "ok\n");
    if (path === "/metrics") return answer(200, await register.metrics(), register.contentType);
    if (path !== "/readyz") return answer(404, "Ask for /livez, /readyz or /metrics.\n");
    const missing = checks.filter(({ ready }) => !ready()).map(({ name }) => name);
    return missing.length === 0 ? answer(200, "ok\n") : answer(503, `not ready: ${missing.join(", ")}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    serveWhile: (required) => {
      checks = required;
    },
    stopServing: () => {
      checks = [{ name: "stopping", ready: () => false }];
    },
    stop: async () => {
      register.clear();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

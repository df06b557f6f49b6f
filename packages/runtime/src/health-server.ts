import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { collectDefaultMetrics, register } from "prom-client";

/** One thing that a service needs to serve, and whether it has it now. */
export type ReadinessCheck = { name: string; ready: () => boolean };

/** The HTTP server of probes and metrics. */
export interface HealthServer {
  port: number;
  /** From now on `/readyz` asks these; before, it answers 503. Where it is ready it also tells what needs looking after. */
  serveWhile(checks: ReadinessCheck[], warnings?: () => string[]): void;
  /** `/readyz` answers 503 from now on. */
  stopServing(): void;
  stop(): Promise<void>;
}

/**
 * Serves `/livez` (200 while the process runs), `/readyz` (200 while it can serve, else 503 with what is missing) and
 * `/metrics` (Prometheus text), in plain HTTP: kubelet's probes bring no client certificate.
 */
export async function startHealthServer(host: string, port: number): Promise<HealthServer> {
  let warn = (): string[] => [];
  let checks: ReadinessCheck[] = [{ name: "start", ready: () => false }];
  collectDefaultMetrics({ register });
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const answer = (code: number, text: string, type = "text/plain") =>
      response.writeHead(code, { "content-type": type }).end(text);
    const path = request.url?.split("?")[0];
    if (path === "/livez") return answer(200, "ok\n");
    if (path === "/metrics") return answer(200, await register.metrics(), register.contentType);
    if (path !== "/readyz") return answer(404, "Ask for /livez, /readyz or /metrics.\n");
    const missing = checks.filter(({ ready }) => !ready()).map(({ name }) => name);
    if (missing.length > 0) return answer(503, `not ready: ${missing.join(", ")}\n`);
    return answer(200, ["ok", ...warn().map((warning) => `warning: ${warning}`), ""].join("\n"));
  };
  const server = createServer((request, response) => {
    // What cannot be told must not end the process.
    serve(request, response).catch((error: Error) => response.writeHead(500).end(`${error.message}\n`));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    serveWhile: (required, warnings = () => []) => {
      checks = required;
      warn = warnings;
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

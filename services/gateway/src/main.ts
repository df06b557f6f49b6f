import { readConfig, tlsFilesOf } from "@ocellus/runtime/config.ts";
import { startHealthServer } from "@ocellus/runtime/health-server.ts";
import { GRACE_MS, runService } from "@ocellus/runtime/lifecycle.ts";
import { variables } from "./config.ts";
import { gateway } from "./gateway.ts";
import { listen } from "./http/one-port.ts";
import { openUpstreams } from "./upstreams.ts";

await runService("gateway", async (lifecycle) => {
  const config = readConfig(variables);
  const { log, signal, onStop } = lifecycle;
  const health = await startHealthServer(config.LISTEN_HOST, config.HEALTH_PORT);
  onStop("health server", health.stop);
  signal.addEventListener("abort", health.stopServing);

  const upstreams = openUpstreams(config, tlsFilesOf(config), signal);
  onStop("channels", upstreams.close);
  const handler = gateway(upstreams.list, log, config.CORS_ORIGINS);
  const server = await listen(handler, { host: config.LISTEN_HOST, port: config.HTTP_PORT });
  onStop("HTTP server", () => server.stop(GRACE_MS));
  log.info({ port: server.port }, "serving HTTP");
  health.serveWhile([]);
});

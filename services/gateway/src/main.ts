import { certificateWarnings, followCertificates } from "@ocellus/runtime/follow-certificates.ts";
import { startHealthServer } from "@ocellus/runtime/health-server.ts";
import { GRACE_MS, runService } from "@ocellus/runtime/lifecycle.ts";
import { callRateOf, connectionLimitsOf } from "@ocellus/runtime/limit-variables.ts";
import { RateLimit } from "@ocellus/runtime/rate-limit.ts";
import { startTracing } from "@ocellus/runtime/start-tracing.ts";
import { readGatewayConfig } from "./config.ts";
import { gateway } from "./gateway.ts";
import { bodyLimitsOf } from "./http/body-limits.ts";
import { listen } from "./http/one-port.ts";
import { openAccess } from "./open-access.ts";
import { isRequestStream, openUpstreams } from "./upstreams.ts";

await runService("gateway", async (lifecycle) => {
  const config = readGatewayConfig();
  const { log, signal, onStop } = lifecycle;
  const health = await startHealthServer(config.LISTEN_HOST, config.HEALTH_PORT);
  onStop("health server", health.stop);
  signal.addEventListener("abort", health.stopServing);

  await startTracing("gateway", config, lifecycle);
  const certificates = followCertificates(config, lifecycle);
  const { services, ...access } = await openAccess(config, lifecycle);
  const upstreams = openUpstreams(config, certificates, signal);
  onStop("channels", upstreams.close);
  const handler = gateway({
    ...access,
    upstreams: [...upstreams.list, ...services],
    callLimit: new RateLimit(callRateOf(config)),
    bodyLimits: bodyLimitsOf(config),
    log,
    origins: config.CORS_ORIGINS,
  });
  const server = await listen(handler, {
    host: config.LISTEN_HOST,
    port: config.HTTP_PORT,
    isShared: config.HTTP_PORT_SHARED,
    limits: connectionLimitsOf(config),
    isStream: isRequestStream,
  });
  onStop("HTTP server", () => server.stop(GRACE_MS));
  log.info({ port: server.port }, "serving HTTP");
  // Not while PostgreSQL answers: without it the tokens that clients have count on, and events are accepted.
  health.serveWhile([], () => certificateWarnings(certificates));
});

import type { Lifecycle } from "./lifecycle.ts";
import "./trace-metrics.ts";
import type { TraceConfig } from "./trace-variables.ts";
import { traceBy } from "./tracing.ts";
import { within } from "./within.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** How long a stop waits for the collector to take what is left. */
const FLUSH_MS = 2000;

/** Has a process tell traces where the configuration names a collector. Otherwise nothing that makes them is even loaded. */
export async function startTracing(
  service: string,
  config: TraceConfig,
  { log, onStop }: Pick<Lifecycle, "log" | "onStop">,
): Promise<void> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = config;
  if (endpoint === "") return;
  const { OtlpTracer } = await import("./otlp-tracer.ts");
  const tracer = new OtlpTracer(service, config, log);
  traceBy(tracer);
  log.info({ endpoint: withoutSecrets(endpoint) }, "telling traces");
  onStop("traces", async () => {
    traceBy(undefined);
    await within(FLUSH_MS, tracer.stop()).catch((error) =>
      log.warn({ err: error }, "the last spans could not be told"),
    );
  });
}

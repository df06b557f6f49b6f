import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import type { Logger } from "pino";
import { countLostSpans } from "./trace-metrics.ts";

/** Counts the spans that the collector did not take, and logs when it stops to take them and when it does so again. */
export class WatchedExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #log: Logger;
  #isFailing = false;

  constructor(exporter: SpanExporter, log: Logger) {
    this.#exporter = exporter;
    this.#log = log;
  }

  export(spans: ReadableSpan[], told: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      const isFailing = result.code !== ExportResultCode.SUCCESS;
      if (isFailing) countLostSpans(spans.length);
      if (isFailing && !this.#isFailing)
        this.#log.warn({ err: result.error }, "the collector does not take traces; they are lost");
      if (!isFailing && this.#isFailing) this.#log.info("the collector takes traces again");
      this.#isFailing = isFailing;
      told(result);
    });
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }
}

import { AsyncLocalStorage } from "node:async_hooks";
import { hostname } from "node:os";
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  type Span as OpenSpan,
  type Tracer as OpenTracer,
  ROOT_CONTEXT,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Logger } from "pino";
import { samplerOf } from "./trace-sampler.ts";
import type { TraceConfig } from "./trace-variables.ts";
import type { Span, SpanAttributes, SpanFacts, TraceHeaders, Tracer } from "./tracing.ts";
import { WatchedExporter } from "./watched-exporter.ts";

/** How long the collector may take for a batch of spans, tries again included: so long may a stop take, too. */
const EXPORT_TIMEOUT_MS = 3000;
const EXPORT_EVERY_MS = 1000;
/** Spans that wait to be told; more are lost. */
const MAX_WAITING = 4096;

const KINDS: Record<SpanFacts["kind"], SpanKind> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
};

const propagator = new W3CTraceContextPropagator();

/** Tells spans to a collector by OTLP over HTTP. What the collector does not take is lost, counted, and holds up nothing. */
export class OtlpTracer implements Tracer {
  readonly #provider: TracerProvider;
  readonly #tracer: OpenTracer;
  readonly #current = new AsyncLocalStorage<Span | undefined>();

  constructor(service: string, config: TraceConfig, log: Logger) {
    const exporter = new OTLPTraceExporter({
      url: `${config.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/$/, "")}/v1/traces`,
      headers: config.OTEL_EXPORTER_OTLP_HEADERS ?? {},
      timeoutMillis: EXPORT_TIMEOUT_MS,
    });
    const resource = resourceFromAttributes({
      "service.namespace": "ocellus",
      "service.name": `ocellus-${service}`,
      "service.instance.id": `${hostname()}:${process.pid}`,
    });
    this.#provider = new TracerProvider({
      resource: defaultResource().merge(resource),
      sampler: samplerOf(config),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: new WatchedExporter(exporter, log),
          scheduledDelayMillis: EXPORT_EVERY_MS,
          maxQueueSize: MAX_WAITING,
        }),
      ],
    });
    this.#tracer = this.#provider.getTracer("ocellus");
  }

  current(): Span | undefined {
    return this.#current.getStore();
  }

  begin(facts: SpanFacts, caller: TraceHeaders): Span {
    return this.#start(facts, contextOf(caller));
  }

  join(facts: SpanFacts, spans: readonly Span[]): Span {
    const links = spans
      .map(({ headers }) => trace.getSpanContext(contextOf(headers)))
      .filter((link) => link !== undefined);
    return this.#start(facts, ROOT_CONTEXT, { links: links.map((context) => ({ context })) });
  }

  outside<T>(work: () => T): T {
    return this.#current.run(undefined, work);
  }

  remote(headers: TraceHeaders): Span | undefined {
    const span = trace.getSpan(contextOf(headers));
    return span && this.#spanOf(span);
  }

  /** Tells what is left. Rejects where the collector does not take it. */
  stop(): Promise<void> {
    return this.#provider.shutdown();
  }

  #start({ name, kind, attributes }: SpanFacts, context: Context, options: SpanOptions = {}): Span {
    const all = { ...options, kind: KINDS[kind], ...(attributes && { attributes }) };
    return this.#spanOf(this.#tracer.startSpan(name, all, context));
  }

  #spanOf(open: OpenSpan): Span {
    const context = trace.setSpan(ROOT_CONTEXT, open);
    const headers: Record<string, string> = {};
    propagator.inject(context, headers, defaultTextMapSetter);
    const span: Span = {
      headers,
      isTold: (open.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0,
      run: (work) => this.#current.run(span, work),
      child: (facts) => this.#start(facts, context),
      rename: (name) => void open.updateName(name),
      set: (attributes: SpanAttributes) => void open.setAttributes(attributes),
      end(problem) {
        if (problem !== undefined) {
          open.setAttributes({ "error.type": problem });
          open.setStatus({ code: SpanStatusCode.ERROR });
        }
        open.end();
      },
    };
    return span;
  }
}

/** The context that headers tell of; none where they tell of none, or cannot be read. */
function contextOf(headers: TraceHeaders): Context {
  return propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
}

/** What of a trace travels, by W3C Trace Context: in the headers of HTTP and NATS, and the metadata of gRPC. */
export interface TraceHeaders {
  traceparent?: string | undefined;
  tracestate?: string | undefined;
}

/** What a span is about. Nothing in it may come from a client but what the contract names: routes, methods, codes. */
export interface SpanFacts {
  name: string;
  kind: "server" | "client" | "producer" | "consumer" | "internal";
  attributes?: SpanAttributes;
}

export type SpanAttributes = Readonly<Record<string, string | number>>;

/** A part of a trace, with a beginning and an end. */
export interface Span {
  /** The `TraceHeaders` that tell another process of it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it is told to the collector; one that is not only keeps those after it from being told, too. */
  readonly isTold: boolean;
  /** Does work of which `current` is this span, whatever the work awaits. */
  run<T>(work: () => T): T;
  /** Begins a part of it. */
  child(facts: SpanFacts): Span;
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  /** @param problem what went wrong, by a code; never a message, which may hold what a client sent */
  end(problem?: string): void;
}

/** Makes spans, and tells them. */
export interface Tracer {
  /** The span of the work that is done now. */
  current(): Span | undefined;
  /** Begins a span for a caller: a part of the caller's where the headers name one, otherwise a trace of its own. */
  begin(facts: SpanFacts, caller: TraceHeaders): Span;
  /** Begins a span of what several spans have in common: a trace of its own, with links to them. */
  join(facts: SpanFacts, spans: readonly Span[]): Span;
  /** Does work that is a part of no span. */
  outside<T>(work: () => T): T;
  /** The span of another process, of which a part can be begun. Undefined where the headers name none. */
  remote(headers: TraceHeaders): Span | undefined;
}

let used: Tracer | undefined;

/** The tracer of this process; undefined where traces are off, which must cost no more than to ask. */
export const tracer = (): Tracer | undefined => used;

/** The span of the work that is done now; undefined where there is none, and where traces are off. */
export const currentSpan = (): Span | undefined => used?.current();

/** Turns traces on, or off. */
export function traceBy(tracer: Tracer | undefined): void {
  used = tracer;
}

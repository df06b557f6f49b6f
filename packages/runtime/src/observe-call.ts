import type { DescMethod } from "@bufbuild/protobuf";
import type { Metadata } from "@grpc/grpc-js";
import { CallMetrics } from "./call-metrics.ts";
import { CODE_NAMES } from "./code-name.ts";
import { type Span, type SpanFacts, tracer } from "./tracing.ts";

/** The codes that are a fault of the server, by the conventions of OpenTelemetry. */
const FAULTS: readonly string[] = [
  "Unknown",
  "DeadlineExceeded",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
];

/** What a span says of a method of the contract. */
export function methodSpan(method: DescMethod, kind: SpanFacts["kind"]): SpanFacts {
  const service = method.parent.typeName;
  const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method.name };
  return { name: `${service}/${method.name}`, kind, attributes };
}

/** Ends the span of a call: with a problem where the side that it is of has one. */
export function endCallSpan(span: Span, code: number, isServer: boolean): void {
  const name = CODE_NAMES[code] ?? "Unknown";
  span.set({ "rpc.grpc.status_code": code });
  span.end(code !== 0 && (!isServer || FAULTS.includes(name)) ? name : undefined);
}

const observed = new Map<string, ObservedMethod>();

/** A method that is served: its calls are counted, timed, and traced where traces are on. */
export class ObservedMethod {
  readonly #metrics: CallMetrics;
  readonly #facts: SpanFacts;

  constructor(method: DescMethod) {
    this.#metrics = new CallMetrics(method);
    this.#facts = methodSpan(method, "server");
    observed.set(`/${this.#facts.name}`, this);
  }

  begin(metadata: Metadata): ObservedCall {
    return new ObservedCall(this.#metrics, tracer()?.begin(this.#facts, callerIn(metadata)));
  }

  refuse(code: number): void {
    this.#metrics.end(this.#metrics.begin(), code);
  }
}

/** Counts a call that was refused before anything but its headers was read. */
export function countRefusedCall(path: string, code: number): void {
  observed.get(path)?.refuse(code);
}

/** One call, from its headers to its status. */
export class ObservedCall {
  readonly #metrics: CallMetrics;
  readonly #span: Span | undefined;
  readonly #begun: number;

  constructor(metrics: CallMetrics, span: Span | undefined) {
    this.#metrics = metrics;
    this.#span = span;
    this.#begun = metrics.begin();
  }

  /** Does the call's work as a part of its trace. */
  run<T>(work: () => T): T {
    return this.#span ? this.#span.run(work) : work();
  }

  end(code: number): void {
    this.#metrics.end(this.#begun, code);
    if (this.#span) endCallSpan(this.#span, code, true);
  }
}

function callerIn(metadata: Metadata) {
  const [traceparent] = metadata.get("traceparent");
  return { traceparent: traceparent?.toString(), tracestate: metadata.get("tracestate").join(",") };
}

import type { DescMethod } from "@bufbuild/protobuf";
import { Counter, type Metric, register } from "prom-client";
import { CODE_NAMES } from "./code-name.ts";

/** In seconds: most answers come within milliseconds; a client gives up after 15 s. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

const SECONDS = {
  name: "grpc_server_handling_seconds",
  help: "How long calls took until their answer was complete, in seconds.",
  type: "histogram",
};

const TYPES = { unary: "unary", server_streaming: "server_stream", client_streaming: "client_stream" } as const;

/**
 * Counts the calls of one method, in numbers of its own: to look a metric up by its labels, as prom-client does, three times for each
 * call would cost a part of it that can be measured.
 */
export class CallMetrics {
  readonly #labels: Record<"grpc_type" | "grpc_service" | "grpc_method", string>;
  #started = 0;
  readonly #handled = new Float64Array(CODE_NAMES.length);
  readonly #buckets = new Float64Array(BUCKETS.length + 1);
  #seconds = 0;

  constructor(method: DescMethod) {
    this.#labels = {
      grpc_type: TYPES[method.methodKind as keyof typeof TYPES] ?? "bidi_stream",
      grpc_service: method.parent.typeName,
      grpc_method: method.name,
    };
    serve(this);
  }

  /** A call has begun. Answers when, for `end`. */
  begin(): number {
    this.#started++;
    return performance.now();
  }

  /** A call has ended, with the status of this code. */
  end(begun: number, code: number): void {
    const seconds = (performance.now() - begun) / 1000;
    this.#handled[code < CODE_NAMES.length ? code : 2]!++;
    this.#seconds += seconds;
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > BUCKETS[bucket]!) bucket++;
    this.#buckets[bucket]!++;
  }

  tellStarted(started: Counter): void {
    started.inc(this.#labels, this.#started);
  }

  /** A method without calls is told of, too, so that a rate of its failures is 0 and not nothing. */
  tellHandled(handled: Counter): void {
    for (const [code, count] of this.#handled.entries()) {
      if (count > 0 || code === 0) handled.inc({ ...this.#labels, grpc_code: CODE_NAMES[code]! }, count);
    }
  }

  /** The series of the histogram. */
  histogram(): { metricName: string; labels: Record<string, string | number>; value: number }[] {
    const labels = this.#labels;
    let below = 0;
    const buckets = [...this.#buckets].map((count, index) => {
      below += count;
      const le = BUCKETS[index] ?? "+Inf";
      return { metricName: `${SECONDS.name}_bucket`, labels: { ...labels, le }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${SECONDS.name}_sum`, labels, value: this.#seconds },
      { metricName: `${SECONDS.name}_count`, labels, value: below },
    ];
  }
}

const served: CallMetrics[] = [];

/** Only a process that serves gRPC has these metrics. */
function serve(metrics: CallMetrics): void {
  served.push(metrics);
  if (served.length > 1) return;
  const labelNames = ["grpc_type", "grpc_service", "grpc_method"];
  new Counter({
    name: "grpc_server_started_total",
    help: "Calls that were begun, those of streams included.",
    labelNames,
    collect() {
      this.reset();
      for (const metrics of served) metrics.tellStarted(this);
    },
  });
  new Counter({
    name: "grpc_server_handled_total",
    help: "Calls that have ended, by the code of their status.",
    labelNames: [...labelNames, "grpc_code"],
    collect() {
      this.reset();
      for (const metrics of served) metrics.tellHandled(this);
    },
  });
  const seconds = {
    ...SECONDS,
    get: async () => ({ ...SECONDS, values: served.flatMap((metrics) => metrics.histogram()) }),
    reset: () => {},
  };
  // prom-client has no type for a metric that is not of its own making, and asks nothing else of one.
  register.registerMetric(seconds as unknown as Metric<string>);
}

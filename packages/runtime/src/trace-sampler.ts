import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import type { TraceConfig } from "./trace-variables.ts";

/** Chooses which traces are told. What several spans have in common is told where it has links, which lead to told ones alone. */
export function samplerOf(config: Pick<TraceConfig, "OTEL_TRACES_SAMPLER" | "OTEL_TRACES_SAMPLER_ARG">): Sampler {
  const { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: part } = config;
  const root = rootSampler(name, part);
  const usual = name.startsWith("parentbased_") ? new ParentBasedSampler({ root }) : root;
  return {
    shouldSample: (...asked) => {
      const [, , , , , links] = asked;
      return links.length > 0 ? { decision: SamplingDecision.RECORD_AND_SAMPLED } : usual.shouldSample(...asked);
    },
    toString: () => usual.toString(),
  };
}

function rootSampler(name: string, part: number): Sampler {
  if (name.endsWith("always_on")) return new AlwaysOnSampler();
  return name.endsWith("always_off") ? new AlwaysOffSampler() : new TraceIdRatioBasedSampler(part);
}

import { describe, expect, test } from "@jest/globals";
import { ROOT_CONTEXT, SpanKind, TraceFlags, trace } from "@opentelemetry/api";
import { SamplingDecision } from "@opentelemetry/sdk-trace";
import { samplerOf } from "./trace-sampler.ts";
import type { TraceConfig } from "./trace-variables.ts";

type Name = TraceConfig["OTEL_TRACES_SAMPLER"];
const spanContext = (traceFlags: TraceFlags) => ({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags });
const parent = (flags: TraceFlags) => trace.setSpanContext(ROOT_CONTEXT, spanContext(flags));
const { SAMPLED, NONE } = TraceFlags;

function isTold(name: Name, context = ROOT_CONTEXT, { part = 0.5, traceId = "0".repeat(32), links = 0 } = {}): boolean {
  const sampler = samplerOf({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: part });
  const all = Array.from({ length: links }, () => ({ context: spanContext(SAMPLED) }));
  const { decision } = sampler.shouldSample(context, traceId, "", SpanKind.SERVER, {}, all);
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
}

describe("which traces are told", () => {
  test.each<[Name, boolean, boolean, boolean]>([
    ["always_on", true, true, true],
    ["always_off", false, false, false],
    ["parentbased_always_on", true, true, false],
    ["parentbased_always_off", false, true, false],
  ])("%s: of callers who say nothing %s, who have theirs told %s, who do not %s", (name, none, told, untold) => {
    expect([isTold(name), isTold(name, parent(SAMPLED)), isTold(name, parent(NONE))]).toEqual([none, told, untold]);
  });

  test("parentbased_traceidratio: a part of those that begin here, by the trace's id, and what callers say of theirs", () => {
    const name = "parentbased_traceidratio";
    expect([isTold(name, parent(SAMPLED), { part: 0 }), isTold(name, parent(NONE), { part: 1 })]).toEqual([
      true,
      false,
    ]);
    expect(isTold(name, ROOT_CONTEXT, { part: 0 })).toBe(false);
    expect(isTold(name, ROOT_CONTEXT, { part: 1, traceId: "f".repeat(32) })).toBe(true);
    const ids = Array.from({ length: 200 }, (_, index) => (index * 0x01010101 + 12345).toString(16).padStart(32, "9"));
    const told = ids.filter((traceId) => isTold(name, ROOT_CONTEXT, { traceId })).length;
    expect(told).toBeGreaterThan(20);
    expect(told).toBeLessThan(180);
  });

  test("what told spans have in common is told in any case", () => {
    expect(isTold("always_off", ROOT_CONTEXT, { links: 2 })).toBe(true);
    expect(isTold("parentbased_traceidratio", ROOT_CONTEXT, { part: 0, links: 1 })).toBe(true);
  });
});

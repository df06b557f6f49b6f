import { describe, expect, test } from "@jest/globals";
import { readConfig } from "./config.ts";
import { traceVariables } from "./trace-variables.ts";

const read = (environment: Record<string, string>) => readConfig(traceVariables, environment);

describe("the variables of traces", () => {
  test("name no collector, and all traces, by default", () => {
    expect({ ...read({}) }).toEqual({
      OTEL_EXPORTER_OTLP_ENDPOINT: "",
      OTEL_EXPORTER_OTLP_HEADERS: undefined,
      OTEL_TRACES_SAMPLER: "parentbased_always_on",
      OTEL_TRACES_SAMPLER_ARG: 1,
    });
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: "" }).OTEL_EXPORTER_OTLP_ENDPOINT).toBe("");
  });

  test("have headers as OpenTelemetry writes them", () => {
    const { OTEL_EXPORTER_OTLP_HEADERS } = read({ OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%2Cb, tenant=1,x=" });
    expect(OTEL_EXPORTER_OTLP_HEADERS).toEqual({ "api-key": "a,b", tenant: "1", x: "" });
  });

  test.each([
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"],
    ["OTEL_EXPORTER_OTLP_HEADERS", "no header"],
    ["OTEL_TRACES_SAMPLER", "sometimes"],
    ["OTEL_TRACES_SAMPLER_ARG", "2"],
    ["OTEL_TRACES_SAMPLER_ARG", ""],
  ])("refuse %s=%s", (name, value) => {
    expect(() => read({ [name]: value })).toThrow(name);
  });

  test("tell nobody the headers, not even where they cannot be read", () => {
    expect(() => read({ OTEL_EXPORTER_OTLP_HEADERS: "secret" })).not.toThrow('"secret"');
  });
});

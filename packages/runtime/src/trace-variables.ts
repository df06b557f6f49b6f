import { makeExactValidator, str } from "envalid";

/**
 * How it is chosen which traces are told, by the names of OpenTelemetry. A part of them is chosen where they begin alone (there is no
 * `traceidratio`): a service that chose by itself would cut off what is a trace of its own with links.
 */
export const SAMPLERS = [
  "always_on",
  "always_off",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

const endpoint = makeExactValidator<string>((input) => {
  if (input === "" || (/^https?:\/\//.test(input) && URL.canParse(input))) return input;
  throw new Error("expected a URL such as http://collector:4318");
});

/** Headers as OpenTelemetry takes them, such as `api-key=a,tenant=b`, with what is special in them percent-encoded. */
const headers = makeExactValidator<Record<string, string>>((input) => {
  const pairs = input.split(",").filter((pair) => pair.trim() !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^\s*([\w.-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
      if (!name) throw new Error("expected headers such as api-key=abc,tenant=1");
      return [name, decodeURIComponent(value!)];
    }),
  );
});

const part = makeExactValidator<number>((input) => {
  const number = Number(input);
  if (input.trim() === "" || !(number >= 0 && number <= 1)) throw new Error("expected a number from 0 to 1");
  return number;
});

/** The variables of traces: those of OpenTelemetry, as far as they are read. */
export const traceVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint({
    default: "",
    desc: "where traces are sent to by OTLP over HTTP, such as http://collector:4318; without it there are none",
  }),
  OTEL_EXPORTER_OTLP_HEADERS: headers({
    default: undefined,
    desc: "the headers that the collector wants, such as api-key=abc; a secret",
  }),
  OTEL_TRACES_SAMPLER: str({
    choices: SAMPLERS,
    default: "parentbased_always_on",
    desc: "which traces are told: those of callers that say so, and all others, none, or a part of them",
  }),
  OTEL_TRACES_SAMPLER_ARG: part({
    default: 1,
    desc: "for parentbased_traceidratio: the part that is told of the traces that begin here, from 0 to 1",
  }),
};

/** What they say. */
export interface TraceConfig {
  OTEL_EXPORTER_OTLP_ENDPOINT: string;
  OTEL_EXPORTER_OTLP_HEADERS: Record<string, string> | undefined;
  OTEL_TRACES_SAMPLER: (typeof SAMPLERS)[number];
  OTEL_TRACES_SAMPLER_ARG: number;
}

import { errorType } from "./error-type.ts";
import { type Span, type SpanFacts, tracer } from "./tracing.ts";

/**
 * Does work that is a part of several spans: messages that are handled together, requests that travel together. The work is a
 * child of the one span that is told; of several it is a trace of its own, with links to them. Where none is told neither is the work.
 */
export async function traceTogether<T>(
  facts: SpanFacts,
  spans: Iterable<Span | undefined>,
  work: () => Promise<T>,
): Promise<T> {
  const used = tracer();
  if (!used) return work();
  const all = [...new Set(spans)].filter((span) => span !== undefined);
  const told = distinct(all.filter(({ isTold }) => isTold));
  // The services that are called must know that it is not to be told.
  if (told.length === 0) return all[0] ? all[0].run(work) : used.outside(work);
  const span = told.length === 1 ? told[0]!.child(facts) : used.join(facts, told);
  try {
    const result = await span.run(work);
    span.end();
    return result;
  } catch (error) {
    span.end(errorType(error));
    throw error;
  }
}

/** Messages of one span come as spans of their own. */
function distinct(spans: Span[]): Span[] {
  return [...new Map(spans.map((span) => [span.headers.traceparent!, span])).values()];
}

import { headers, type JsMsg, type MsgHdrs } from "nats";
import { currentSpan, type Span, type SpanFacts, tracer } from "./tracing.ts";

/** What the span of a message says that is sent to a stream. */
export function sendingFacts(stream: string): SpanFacts {
  const attributes = {
    "messaging.system": "nats",
    "messaging.operation.type": "send",
    "messaging.destination.name": stream,
  };
  return { name: `send ${stream}`, kind: "producer", attributes };
}

/** What the span of messages says that a consumer handles together. */
export function processingFacts(stream: string, consumer: string, messages: number): SpanFacts {
  const attributes = {
    "messaging.system": "nats",
    "messaging.operation.type": "process",
    "messaging.destination.name": stream,
    "messaging.consumer.group.name": consumer,
    "messaging.batch.message_count": messages,
  };
  return { name: `process ${consumer}`, kind: "consumer", attributes };
}

/** Headers that tell the consumers of a message of the span in which it is sent; undefined where it is not told. */
export function traceHeaders(): MsgHdrs | undefined {
  const span = currentSpan();
  if (!span?.isTold) return undefined;
  const all = headers();
  for (const [name, text] of Object.entries(span.headers)) all.set(name, text);
  return all;
}

/** The spans in which messages were sent. */
export function sendersOf(messages: readonly Pick<JsMsg, "headers">[]): (Span | undefined)[] {
  const used = tracer();
  if (!used) return [];
  return messages.map(({ headers }) =>
    headers?.has("traceparent")
      ? used.remote({ traceparent: headers.get("traceparent"), tracestate: headers.get("tracestate") })
      : undefined,
  );
}

import type { DescMessage } from "@bufbuild/protobuf";
import { decode, encode } from "@ocellus/runtime/message-codec.ts";
import { EVENTS } from "@ocellus/wire/event-tags.ts";
import { Reader } from "@ocellus/wire/reader.ts";

/** Where the events are in an encoded request: their starts and ends, in turn. */
export interface EventsIn {
  bytes: Buffer;
  spans: number[];
}

/**
 * Finds the events in an encoded request whose only field, 1, holds them. Throws INVALID_ARGUMENT where it is none.
 *
 * @param most how many there may be before the request is to be read as a whole: fields that come more often are merged
 */
export function eventsIn(request: Buffer, schema: DescMessage, most = Infinity): EventsIn {
  const found = spansIn(request);
  if (found && found.length <= 2 * most) return { bytes: request, spans: found };
  const bytes = encode(schema, decode(schema, request), { writeUnknownFields: false });
  return { bytes, spans: spansIn(bytes) ?? [] };
}

/** Undefined where there is something else than events. */
function spansIn(request: Buffer): number[] | undefined {
  const reader = new Reader(request);
  const spans: number[] = [];
  while (reader.at < request.length) {
    if (request[reader.at++] !== EVENTS) return undefined;
    const end = reader.fieldEnd(request.length);
    if (end < 0) return undefined;
    spans.push(reader.at, end);
    reader.at = end;
  }
  return spans;
}

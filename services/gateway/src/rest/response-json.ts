import {
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { type Status, StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { errorDetails, statusJson } from "../http/respond.ts";

/**
 * The JSON of a response: lists and numbers are there even where they are empty or zero. Errors within it are written as
 * any other error is, after `translate`.
 */
export function responseJson(desc: DescMessage, message: Message, translate: (status: Status) => Status): JsonValue {
  const json = toJson(desc, message, { alwaysEmitImplicit: true, registry: errorDetails });
  if (holdsStatus(desc)) rewriteStatuses(desc, message, json as JsonObject, translate);
  return json;
}

function rewriteStatuses(
  desc: DescMessage,
  message: Message,
  json: JsonObject,
  translate: (status: Status) => Status,
): void {
  for (const field of desc.fields) {
    if (!field.message || field.fieldKind === "map" || !holdsStatus(field.message)) continue;
    const rewritten = (value: Message, written: JsonValue): JsonValue => {
      if (field.message === StatusSchema) return statusJson(translate(value as Status));
      rewriteStatuses(field.message!, value, written as JsonObject, translate);
      return written;
    };
    const value = valueIn(message, field);
    const written = json[field.jsonName];
    if (value === undefined || written === undefined) continue;
    json[field.jsonName] = Array.isArray(value)
      ? value.map((item, index) => rewritten(item, (written as JsonValue[])[index]!))
      : rewritten(value, written);
  }
}

function valueIn(message: Message, field: DescField): Message | Message[] | undefined {
  const values = message as unknown as Record<string, Message & { case?: string; value?: Message }>;
  if (!field.oneof) return values[field.localName];
  const chosen = values[field.oneof.localName];
  return chosen?.case === field.localName ? chosen.value : undefined;
}

/** Whether messages of this type may hold an error: most do not, and are not searched. */
function holdsStatus(desc: DescMessage): boolean {
  const known = holders.get(desc);
  if (known !== undefined) return known;
  // A type within itself adds nothing new.
  holders.set(desc, false);
  const holds =
    desc === StatusSchema || desc.fields.some(({ message }) => message !== undefined && holdsStatus(message));
  holders.set(desc, holds);
  return holds;
}

const holders = new WeakMap<DescMessage, boolean>();

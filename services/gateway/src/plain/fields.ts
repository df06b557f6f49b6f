import { isDeepStrictEqual } from "node:util";
import { create, type DescMessage, type JsonObject, type JsonValue, type MessageShape } from "@bufbuild/protobuf";
import { Problems, pathOfKey } from "../json/problems.ts";
import { readMessage } from "../json/read-message.ts";

/** What the dialect calls the fields of a message: the contract's name of each, by the dialect's. */
export type Names = Readonly<Record<string, string>>;

/** What a client sent, by what it means. */
export interface Fields {
  /** The fields of the contract that were given, by the contract's names. */
  known: JsonObject;
  /** What the dialect has no name for. */
  others: [name: string, value: JsonValue][];
  /** The path of a field of the contract as the client sent it. */
  asSent(path: string): string;
}

/**
 * Finds out what each name means. Two names for one field may stand side by side where they say the same; where they do not,
 * both are reported.
 *
 * @param path where they stand in what was sent
 */
export function fieldsOf(
  sent: Iterable<[name: string, value: JsonValue]>,
  names: Names,
  path: string,
  problems: Problems,
): Fields {
  const known: JsonObject = {};
  const others: [string, JsonValue][] = [];
  const spelled = new Map<string, string>();
  for (const [name, value] of sent) {
    const field = Object.hasOwn(names, name) ? names[name]! : undefined;
    const other = field && spelled.get(field);
    if (field === undefined) others.push([name, value]);
    else if (other === undefined) {
      known[field] = value;
      spelled.set(field, name);
    } else if (!isDeepStrictEqual(known[field], value))
      reportClash(pathOfKey(path, other), pathOfKey(path, name), problems);
  }
  return {
    known,
    others,
    asSent(fieldPath) {
      const [, field = "", rest = ""] = /^([^.[]*)(.*)$/s.exec(fieldPath) ?? [];
      return pathOfKey(path, spelled.get(field) ?? field) + rest;
    },
  };
}

/** Reports two paths that mean the same and say different things. */
export function reportClash(first: string, second: string, problems: Problems): void {
  problems.add(first, `must not say otherwise than ${second}, which means the same`);
  problems.add(second, `must not say otherwise than ${first}, which means the same`);
}

/** Reads the known fields as a message, and reports those that cannot be read under the names that they were sent by. */
export function readFields<D extends DescMessage>(desc: D, fields: Fields, problems: Problems): MessageShape<D> {
  const message = create(desc);
  const found = new Problems();
  readMessage(desc, message, fields.known, "", found);
  for (const { field, description } of found.violations) problems.add(fields.asSent(field), description);
  return message;
}

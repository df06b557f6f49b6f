import type { DescMessage, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { describe } from "../json/describe.ts";
import { isObject } from "../json/is-object.ts";
import { Problems, pathOfKey } from "../json/problems.ts";
import { fieldsOf, type Names, readFields } from "./fields.ts";

/** A resource that was read from a body. */
export interface ReadObject<D extends DescMessage> {
  resource: MessageShape<D>;
  /** The fields that the body holds, by the contract's names. */
  given: string[];
  /** The path of a field of the resource as the client sent it. */
  asSent(path: string): string;
}

/** Reads a body as a resource with these fields and no other. Throws INVALID_ARGUMENT naming every field that is wrong. */
export function readObject<D extends DescMessage>(desc: D, body: JsonValue, names: Names): ReadObject<D> {
  const problems = new Problems();
  if (!isObject(body)) problems.add("", `must be an object, and is ${describe(body)}`);
  const fields = fieldsOf(Object.entries(isObject(body) ? body : {}), names, "", problems);
  for (const [name] of fields.others) problems.add(pathOfKey("", name), `is not a field that a ${desc.name} is given`);
  const resource = readFields(desc, fields, problems);
  if (problems.violations.length > 0) throw invalidArgument(problems.violations);
  return { resource, given: Object.keys(fields.known), asSent: fields.asSent };
}

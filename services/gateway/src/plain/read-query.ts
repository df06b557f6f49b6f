import type { DescMessage, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { fieldNamed } from "../json/field-named.ts";
import { Problems } from "../json/problems.ts";
import { jsonOf, parametersOf } from "../rest/read-query.ts";
import { fieldsOf, type Names, readFields } from "./fields.ts";

/** A request of the contract that was read from a query. */
export interface ReadQuery<D extends DescMessage> {
  request: MessageShape<D>;
  /** The parameter by which a field of the request was sent. */
  asSent(path: string): string;
}

/** What must be true of a parameter besides what its field asks for: each answers what is wrong with a text. */
export type Rules = Readonly<Record<string, (text: string) => string | undefined>>;

/**
 * Reads a query as a request of the contract. Throws INVALID_ARGUMENT naming every parameter that is unknown or cannot be read.
 *
 * @param options.defaults by the contract's names, of what is left out
 */
export function readQuery<D extends DescMessage>(
  desc: D,
  query: string,
  names: Names,
  { rules = {}, defaults = {} }: { rules?: Rules; defaults?: Readonly<Record<string, string>> } = {},
): ReadQuery<D> {
  const problems = new Problems();
  const sent: [string, JsonValue][] = [];
  for (const [name, [text = "", ...more]] of parametersOf(query, problems)) {
    const isTwice = more.length > 0 && `must be given once, and is given ${more.length + 1} times`;
    const problem = isTwice || (Object.hasOwn(rules, name) && rules[name]!(text));
    if (problem) problems.add(name, problem);
    else sent.push([name, text]);
  }
  const fields = fieldsOf(sent, names, "", problems);
  for (const [name] of fields.others) problems.add(name, "is not a parameter of this route");
  for (const [field, text] of Object.entries({ ...defaults, ...fields.known })) {
    fields.known[field] = jsonOf(fieldNamed(desc, field)!)(text as string);
  }
  const request = readFields(desc, fields, problems);
  if (problems.violations.length > 0) throw invalidArgument(problems.violations);
  return { request, asSent: fields.asSent };
}

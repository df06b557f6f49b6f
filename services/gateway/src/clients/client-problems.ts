import type { Client } from "@ocellus/proto/ocellus/access/v1/client_service_pb.ts";
import { invalidArgument, type Violation } from "@ocellus/runtime/service-error.ts";
import { textProblem } from "@ocellus/runtime/text-problem.ts";
import { SCOPE_NAMES, SCOPES, type ScopeName } from "../access/principal.ts";

const MAX_NAME = 100;
const MAX_NAMESPACES = 20;
const MAX_NAMESPACE = 120;
/** The limit travels in the headers of each call. */
const MAX_ENCODED = 4000;

/** The scopes by name, each once. Throws one INVALID_ARGUMENT for all that is wrong with a client. */
export function checkClient({ displayName, scopes, namespaces }: Client): ScopeName[] {
  const violations: Violation[] = [];
  const add = (field: string, description: string | undefined) => {
    if (description) violations.push({ field: `client.${field}`, description });
  };
  add("display_name", textProblem(displayName, MAX_NAME));
  const names = SCOPE_NAMES.filter((name) => scopes.includes(SCOPES[name]));
  const unknown = scopes.filter((scope) => !SCOPE_NAMES.some((name) => SCOPES[name] === scope));
  if (unknown.length > 0) add("scopes", `must be among ${SCOPE_NAMES.join(", ")}, and hold ${unknown.join(", ")}`);
  else if (names.length === 0) add("scopes", `must hold some of ${SCOPE_NAMES.join(", ")}`);
  if (namespaces.length > MAX_NAMESPACES)
    add("namespaces", `must be at most ${MAX_NAMESPACES}, and are ${namespaces.length}`);
  else if (
    namespaces.every((glob) => glob.isWellFormed()) &&
    namespaces.map(encodeURIComponent).join().length > MAX_ENCODED
  ) {
    add("namespaces", `must have at most ${MAX_ENCODED} characters, percent-encoded`);
  }
  for (const [index, glob] of namespaces.slice(0, MAX_NAMESPACES).entries()) {
    add(`namespaces[${index}]`, textProblem(glob, MAX_NAMESPACE));
  }
  if (names.includes("admin") && namespaces.length > 0) {
    add("namespaces", 'must be empty for a client with the scope "admin", which is about all of them');
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return names;
}

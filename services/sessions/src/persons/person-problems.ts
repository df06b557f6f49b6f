import { MAX_LENGTHS as EVENT } from "@ocellus/event-rules/validate-event.ts";
import { type Person, PersonSchema } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import type { Violation } from "@ocellus/runtime/service-error.ts";
import { textProblem } from "@ocellus/runtime/text-problem.ts";

/** The longest texts, in Unicode code points. */
const MAX_LENGTHS = { namespace: EVENT.namespace, email: 254, firstName: 150, lastName: 150, role: 50 } as const;

/** A valid e-mail address as WHATWG HTML defines it, which is what browsers take. */
const EMAIL =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

/** What breaks the limits of a person, each offending field once; none for a valid person. */
export function personProblems(person: Person): Violation[] {
  const violations: Violation[] = [];
  for (const [field, max] of Object.entries(MAX_LENGTHS) as [keyof typeof MAX_LENGTHS, number][]) {
    const text = person[field];
    if (text === undefined || (field === "role" && text === "")) continue;
    const description = textProblem(text, max) ?? (field === "email" ? emailProblem(text) : undefined);
    if (description) violations.push({ field: `person.${PersonSchema.field[field].name}`, description });
  }
  return violations;
}

function emailProblem(email: string): string | undefined {
  return EMAIL.test(email) ? undefined : "must be an e-mail address such as kate@example.org";
}

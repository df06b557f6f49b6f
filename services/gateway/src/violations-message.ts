import { invalidArgument, type Violation } from "@ocellus/runtime/service-error.ts";

/** The message that the services make of violations, to know it again where the fields are renamed. */
export function violationsMessage(violations: Violation[]): string {
  return invalidArgument(violations).message;
}

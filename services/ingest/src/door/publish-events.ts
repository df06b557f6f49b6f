import type { ServiceError } from "@ocellus/runtime/service-error.ts";
import type { IdentifiedEvent } from "../identify-event.ts";
import type { Outgoing } from "./outgoing.ts";
import { takenFrom } from "./take-event.ts";

/** Hands events to the stream EVENTS, and answers for each what went wrong, or undefined where it is durable. */
export async function publishEvents(
  outgoing: Outgoing,
  events: IdentifiedEvent[],
): Promise<(ServiceError | undefined)[]> {
  outgoing.turn();
  const messages = events.map((event) => outgoing.add(takenFrom(event)));
  for (const { done } of new Set(messages)) await done;
  return messages.map(({ error }) => error);
}

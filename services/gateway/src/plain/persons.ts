import type { JsonObject } from "@bufbuild/protobuf";
import type { Person } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { allEvents } from "./all-events.ts";
import type { Contract } from "./contract.ts";
import type { Names } from "./fields.ts";
import { eventJson, personJson } from "./resources.ts";

/** The fields that a person is given. */
export const PERSON_NAMES: Names = {
  id: "id",
  namespace: "namespace",
  channel_id: "namespace",
  email: "email",
  first_name: "first_name",
  last_name: "last_name",
  role: "role",
};

/** A person with its events, in ascending order. */
export async function personWithEvents(person: Person, contract: Contract): Promise<JsonObject> {
  const { id: personId, namespace } = person;
  const { events, areCut } = await allEvents(contract, { namespace, personId });
  return { ...personJson(person), events: events.map(eventJson), events_are_cut: areCut };
}

import { PersonSchema, PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { PERSON_NAMES, personWithEvents } from "../persons.ts";
import type { PlainHandler } from "../plain-route.ts";
import { readObject } from "../read-object.ts";

/** Changes the fields of one person that the body holds. */
export const updatePerson: PlainHandler = async ({ bound, body, contract }) => {
  const { resource, given, asSent } = readObject(PersonSchema, body!, PERSON_NAMES);
  const request = {
    person: { ...resource, id: bound("id") },
    updateMask: { paths: given.filter((field) => field !== "id") },
  };
  const { person } = await contract(PersonService.method.updatePerson, request, (path) =>
    asSent(path.replace(/^person\./, "")),
  );
  return { status: 200, json: await personWithEvents(person!, contract) };
};

import { PersonSchema, PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { PERSON_NAMES, personWithEvents } from "../persons.ts";
import type { PlainHandler } from "../plain-route.ts";
import { readObject } from "../read-object.ts";

/** Registers a person, and answers it with its `signup` event. */
export const createPerson: PlainHandler = async ({ body, contract }) => {
  const { resource, asSent } = readObject(PersonSchema, body!, PERSON_NAMES);
  const { person } = await contract(PersonService.method.createPerson, { person: resource }, (path) =>
    asSent(path.replace(/^person\./, "")),
  );
  return { status: 201, json: await personWithEvents(person!, contract) };
};

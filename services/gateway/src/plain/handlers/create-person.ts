import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import { type Person, PersonSchema, PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import type { Contract } from "../contract.ts";
import { PERSON_NAMES, personWithEvents } from "../persons.ts";
import type { PlainHandler } from "../plain-route.ts";
import { readObject } from "../read-object.ts";

/** How long an answer waits for the event, which is durable but is stored only within a moment. */
const PATIENCE_MS = 2000;
const TRY_EVERY_MS = 25;

/** Registers a person, and answers it with its `signup` event. */
export const createPerson: PlainHandler = async ({ body, contract }) => {
  const { resource, asSent } = readObject(PersonSchema, body!, PERSON_NAMES);
  const { person } = await contract(PersonService.method.createPerson, { person: resource }, (path) =>
    asSent(path.replace(/^person\./, "")),
  );
  return { status: 201, json: await withSignup(person!, contract) };
};

/** The person once its `signup` event is stored. Where storing is held up the answer does not wait for it. */
async function withSignup(person: Person, contract: Contract): Promise<JsonObject> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const json = await personWithEvents(person, contract);
    if ((json.events as unknown[]).length > 0 || Date.now() > deadline) return json;
    await sleep(TRY_EVERY_MS);
  }
}

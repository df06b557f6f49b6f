import type { MessageInitShape } from "@bufbuild/protobuf";
import { LockMode } from "@mikro-orm/core";
import type { EntityManager } from "@mikro-orm/postgresql";
import type { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";
import { Person } from "../entities/person.ts";

const TIMEOUT_MS = 3000;

/** A person's first event. Sent twice it is stored once, since its id and its time are the person's for ever. */
export function signupOf(person: Person): MessageInitShape<typeof EventSchema> {
  return {
    id: person.signupEventId,
    namespace: person.namespace,
    name: "signup",
    personId: person.id,
    timestamp: timestampOf(person.createTime),
  };
}

/**
 * Tracks a person's signup event unless that is done, being done, or not to be done any more. The person is locked meanwhile, so that
 * a deletion waits: an event that ingest accepts after it purged the person's events would stay.
 */
export async function sendSignup(
  em: EntityManager,
  ingest: Pick<ServiceClient<typeof IngestService>, "trackEvent">,
  id: string,
): Promise<boolean> {
  return em.fork().transactional(async (tx) => {
    const unsent = { id, signupSent: false, deleteTime: null };
    const person = await tx.findOne(Person, unsent, { lockMode: LockMode.PESSIMISTIC_PARTIAL_WRITE });
    if (!person) return false;
    await ingest.trackEvent({ event: signupOf(person) }, { timeoutMs: TIMEOUT_MS });
    person.signupSent = true;
    await tx.flush();
    return true;
  });
}

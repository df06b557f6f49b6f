import type { EntityManager } from "@mikro-orm/postgresql";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { DeletedEvent } from "./entities/deleted-event.ts";
import { PurgedPerson } from "./entities/purged-person.ts";

/** Far longer than an event waits in the queue before somebody sees to it. */
const KEEP_MICROS = 30n * 86_400_000_000n;

/** Forgets deleted events, and purged persons, whose events cannot come again from the queue. */
export async function forgetDeleted(em: EntityManager): Promise<void> {
  const before = nowMicros() - KEEP_MICROS;
  await em.fork().nativeDelete(DeletedEvent, { deleteTime: { $lt: before } });
  await em.fork().nativeDelete(PurgedPerson, { purgeTime: { $lt: before } });
}

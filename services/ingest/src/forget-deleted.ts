import type { EntityManager } from "@mikro-orm/postgresql";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { DeletedEvent } from "./entities/deleted-event.ts";

/** Far longer than an event waits in the queue before somebody sees to it. */
const KEEP_MICROS = 30n * 86_400_000_000n;

/** Forgets deleted events that cannot come again from the queue. */
export function forgetDeleted(em: EntityManager): Promise<unknown> {
  return em.fork().nativeDelete(DeletedEvent, { deleteTime: { $lt: nowMicros() - KEEP_MICROS } });
}

import type { EntityManager } from "@mikro-orm/postgresql";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { EventError } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { countErrorsKept } from "../metrics.ts";
import { deleteExcessErrors } from "./bound-errors.ts";
import { insertErrors, reasonName } from "./insert-errors.ts";
import { reasonOf } from "./kept-status.ts";

/**
 * Keeps errors in the table, which makes room by deleting the oldest. `also` is done in the same transaction with those that were not
 * there before.
 */
export async function keepInTable(
  em: EntityManager,
  errors: EventError[],
  maxBytes: number,
  also: (tx: EntityManager, fresh: EventError[]) => Promise<void> = async () => {},
): Promise<void> {
  const fresh = await em.fork().transactional(async (tx) => {
    const fresh = await insertErrors(tx, errors);
    await also(tx, fresh);
    return fresh;
  });
  for (const { status } of fresh) countErrorsKept(reasonName(status ? reasonOf(status) : ErrorReason.UNSPECIFIED));
  await deleteExcessErrors(em, maxBytes);
}

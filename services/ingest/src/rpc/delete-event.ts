import type { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { type ChangeOptions, changeEvents, lockEvents, requireEventId } from "../change-event.ts";
import { deleted } from "../changes-of.ts";
import { DeletedEvent } from "../entities/deleted-event.ts";

/** Deletes one event. Throws NOT_FOUND where it is not stored, or not yet. */
export function deleteEvent(options: ChangeOptions): Handlers<typeof EventService>["deleteEvent"] {
  return async ({ id }, { namespaces }) => {
    requireEventId(id, "id");
    await changeEvents(options, async (tx) => {
      const events = await lockEvents(tx, id, namespaces);
      const deleteTime = nowMicros();
      await tx.upsertMany(
        DeletedEvent,
        events.map(({ id, timestamp }) => ({ id, timestamp, deleteTime })),
      );
      for (const event of events) tx.remove(event);
      await tx.flush();
      return { changes: events.map(deleted), result: undefined };
    });
    return {};
  };
}

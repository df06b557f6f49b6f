import { create } from "@bufbuild/protobuf";
import { timestampProblem, validateEvent } from "@ocellus/event-rules/validate-event.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { applyMask } from "@ocellus/runtime/apply-mask.ts";
import { isUniqueViolation } from "@ocellus/runtime/database-errors.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { requireNamespace } from "@ocellus/runtime/namespace-limit.ts";
import { Code, invalidArgument, ServiceError } from "@ocellus/runtime/service-error.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { type ChangeOptions, changeEvents, lockEvents, requireEventId } from "../change-event.ts";
import { updated } from "../changes-of.ts";
import { DeletedEvent } from "../entities/deleted-event.ts";
import type { StoredEvent } from "../entities/stored-event.ts";
import { ensurePartitions } from "../partitions/ensure-partitions.ts";
import type { KeptFrom } from "../retention/kept-from.ts";

const RULES = { fixed: ["id"], outputOnly: ["receive_time", "update_time"], keptByStar: ["timestamp"] };

/** Changes one event. Throws NOT_FOUND, INVALID_ARGUMENT for what an event may not be, ALREADY_EXISTS for its namesake's time, PERMISSION_DENIED for a namespace. */
export function updateEvent(options: ChangeOptions, kept: KeptFrom): Handlers<typeof EventService>["updateEvent"] {
  return async ({ event: changes, updateMask }, { namespaces }) => {
    if (!changes) throw invalidArgument([{ field: "event", description: "is required" }]);
    requireEventId(changes.id, "event.id");
    const { timestamp } = changes;
    const now = nowMicros();
    if (timestamp && !timestampProblem(timestamp, now, kept.at(now))) {
      // Before the transaction: it takes a connection, and those of the pool may all wait for the row that this one locks.
      await ensurePartitions(options.em, [Number(timestamp.seconds)]);
    }
    const event = await changeEvents(options, async (tx) => {
      const [stored] = (await lockEvents(tx, changes.id, namespaces)) as [StoredEvent];
      const previous = { ...stored };
      const now = nowMicros();
      const keptFrom = await kept.within(tx, now);
      const before = create(EventSchema, stored.toMessage());
      const changed = applyMask(EventSchema, before, changes, updateMask?.paths ?? [], RULES);
      const violations = validateEvent(changed, "event", now, keptFrom);
      if (violations.length > 0) throw invalidArgument(violations, ErrorReason.INVALID_EVENT);
      requireNamespace(namespaces, changed.namespace);
      stored.change(changed);
      stored.updateTime = now;
      if (stored.timestamp !== previous.timestamp) {
        await tx.upsert(DeletedEvent, { id: stored.id, timestamp: previous.timestamp, deleteTime: now });
      }
      await tx.flush();
      return { changes: [updated(stored, previous)], result: stored };
    }).catch((error) => {
      throw isUniqueViolation(error) ? eventExists(changes.id) : error;
    });
    return { event: event.toMessage() };
  };
}

function eventExists(id: string): ServiceError {
  return new ServiceError(
    `Another event ${id} has this timestamp already; delete it first, or take another timestamp`,
    {
      code: Code.ALREADY_EXISTS,
      reason: ErrorReason.EVENT_EXISTS,
    },
  );
}

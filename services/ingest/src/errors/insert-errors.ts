import type { EntityManager } from "@mikro-orm/postgresql";
import { StatusSchema } from "@ocellus/proto/google/rpc/status_pb.ts";
import { type ErrorReason, ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import type { EventError } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { isUuid } from "@ocellus/runtime/is-uuid.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { isoOf, microsOf } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";
import { fieldsOf, reasonOf } from "./kept-status.ts";

/** Inserts errors in one statement, within the caller's transaction, and answers those that were not there before. */
export async function insertErrors(em: EntityManager, errors: EventError[]): Promise<EventError[]> {
  const column = <T>(value: (error: EventError) => T) => errors.map(value);
  const { rows } = await sql<{ id: string }>`
    insert into ingest.event_errors
      (id, event_id, stage, status, reason, fields, payload, payload_size, event, namespace, name, transport, peer, address, create_time)
    select id, event_id, stage, status, reason, array(select json_array_elements_text(fields::json)), payload, payload_size, event,
      namespace, name, transport, peer, address, create_time
    from unnest(
      ${column(({ id }) => id)}::uuid[],
      ${column(({ event }) => (isUuid(event?.id ?? "") ? event?.id : undefined))}::uuid[],
      ${column(({ stage }) => stage)}::smallint[],
      ${column(({ status }) => status && encode(StatusSchema, status))}::bytea[],
      ${column(({ status }) => (status ? reasonName(reasonOf(status)) : ""))}::text[],
      ${column(({ status }) => JSON.stringify(status ? fieldsOf(status) : []))}::text[],
      ${column(({ rawPayload }) => Buffer.from(rawPayload))}::bytea[],
      ${column(({ payloadSize }) => String(payloadSize))}::bigint[],
      ${column(({ event }) => event && encode(EventSchema, event))}::bytea[],
      ${column(({ namespace }) => namespace)}::text[],
      ${column(({ name }) => name)}::text[],
      ${column(({ source }) => source?.transport ?? 0)}::smallint[],
      ${column(({ source }) => source?.peer ?? "")}::text[],
      ${column(({ source }) => source?.address ?? "")}::text[],
      ${column(({ createTime }) => isoOf(createTime ? microsOf(createTime) : 0n))}::timestamptz[]
    ) as t (id, event_id, stage, status, reason, fields, payload, payload_size, event, namespace, name, transport, peer, address,
      create_time)
    on conflict do nothing
    returning id
  `.execute(em.getKysely());
  const fresh = new Set(rows.map(({ id }) => id));
  return errors.filter(({ id }) => fresh.has(id));
}

/** A reason as it stands in the table and in every ErrorInfo. */
export function reasonName(reason: ErrorReason): string {
  return ErrorReasonSchema.value[reason]?.localName ?? "";
}

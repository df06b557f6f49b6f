import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Growing } from "@ocellus/wire/growing.ts";
import type { ClientBase } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { COLUMNS, writeHeader, writeRow, writeTrailer } from "./wire/copy-rows.ts";
import type { QueuedEvent } from "./wire/read-accepted.ts";

const COPY = `copy ingest.events (${COLUMNS.join(", ")}) from stdin (format binary)`;
/** One for all: a COPY is written whole before anything else can run. */
const rows = new Growing(4 * 1024 * 1024);

/**
 * Stores events that are all new, within the caller's transaction, four times as fast as an INSERT. Throws a unique violation
 * where one of them is there already, or comes twice.
 */
export async function copyEvents(client: ClientBase, events: QueuedEvent[]): Promise<void> {
  writeHeader(rows);
  for (const { event, receiveTime } of events) writeRow(event, receiveTime, rows);
  writeTrailer(rows);
  await pipeline(Readable.from([rows.take()]), client.query(copyFrom(COPY)));
}

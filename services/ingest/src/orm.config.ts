import type { Schema } from "@ocellus/runtime/database.ts";
import { DeletedEvent } from "./entities/deleted-event.ts";
import { EventError } from "./entities/event-error.ts";
import { OutboxMessage } from "./entities/outbox-message.ts";
import { PurgedPerson } from "./entities/purged-person.ts";
import { StoredEvent } from "./entities/stored-event.ts";
import { Migration0001CreateEvents } from "./migrations/0001-create-events.ts";
import { Migration0002RememberDeletedEvents } from "./migrations/0002-remember-deleted-events.ts";
import { Migration0003ReshapeEventErrors } from "./migrations/0003-reshape-event-errors.ts";
import { Migration0004WatchEvents } from "./migrations/0004-watch-events.ts";
import { Migration0005IndexLists } from "./migrations/0005-index-lists.ts";
import { Migration0006PurgePersons } from "./migrations/0006-purge-persons.ts";
import { Migration0007KeepOutboxAsItIs } from "./migrations/0007-keep-outbox-as-it-is.ts";
import { Migration0008KeptFrom } from "./migrations/0008-kept-from.ts";
import { Migration0009DefaultPartition } from "./migrations/0009-default-partition.ts";
import { Migration0010PublishUnannounced } from "./migrations/0010-publish-unannounced.ts";

/** The schema `ingest`: the events, what was refused, and the changes that wait to be announced. */
export const schema: Schema = {
  name: "ingest",
  entities: [StoredEvent, DeletedEvent, PurgedPerson, EventError, OutboxMessage],
  migrations: [
    { name: "0001-create-events", class: Migration0001CreateEvents },
    { name: "0002-remember-deleted-events", class: Migration0002RememberDeletedEvents },
    { name: "0003-reshape-event-errors", class: Migration0003ReshapeEventErrors },
    { name: "0004-watch-events", class: Migration0004WatchEvents },
    { name: "0005-index-lists", class: Migration0005IndexLists },
    { name: "0006-purge-persons", class: Migration0006PurgePersons },
    { name: "0007-keep-outbox-as-it-is", class: Migration0007KeepOutboxAsItIs },
    { name: "0008-kept-from", class: Migration0008KeptFrom },
    { name: "0009-default-partition", class: Migration0009DefaultPartition },
    { name: "0010-publish-unannounced", class: Migration0010PublishUnannounced },
  ],
};

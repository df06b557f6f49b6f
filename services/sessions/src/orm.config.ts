import type { Schema } from "@ocellus/runtime/database.ts";
import { InboxMessage } from "./entities/inbox-message.ts";
import { Person } from "./entities/person.ts";
import { Session } from "./entities/session.ts";
import { SessionAlias } from "./entities/session-alias.ts";
import { Migration0001CreateSessions } from "./migrations/0001-create-sessions.ts";
import { Migration0002RecountSessions } from "./migrations/0002-recount-sessions.ts";
import { Migration0003CloseSessions } from "./migrations/0003-close-sessions.ts";
import { Migration0004FindSessionsByEnd } from "./migrations/0004-find-sessions-by-end.ts";
import { Migration0005CreatePersons } from "./migrations/0005-create-persons.ts";
import { Migration0006FindCreatedSessions } from "./migrations/0006-find-created-sessions.ts";
import { Migration0007UpdateSessionsInPlace } from "./migrations/0007-update-sessions-in-place.ts";
import { Migration0008ReadMigrations } from "./migrations/0008-read-migrations.ts";

/** The schema `sessions`: the persons, the sessions, the ids of those that were joined to others, and the changes already counted. */
export const schema: Schema = {
  name: "sessions",
  entities: [Person, Session, SessionAlias, InboxMessage],
  migrations: [
    { name: "0001-create-sessions", class: Migration0001CreateSessions },
    { name: "0002-recount-sessions", class: Migration0002RecountSessions },
    { name: "0003-close-sessions", class: Migration0003CloseSessions },
    { name: "0004-find-sessions-by-end", class: Migration0004FindSessionsByEnd },
    { name: "0005-create-persons", class: Migration0005CreatePersons },
    { name: "0006-find-created-sessions", class: Migration0006FindCreatedSessions },
    { name: "0007-update-sessions-in-place", class: Migration0007UpdateSessionsInPlace },
    { name: "0008-read-migrations", class: Migration0008ReadMigrations },
  ],
};

import type { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import type { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { CLIENT, type MethodPeers } from "@ocellus/runtime/peers.ts";

const PUBLIC = ["gateway", CLIENT];

/** Who may call the SessionService: ingest asks what became of an event; the daily job may have the service's own certificate. */
export const SESSION_PEERS: MethodPeers<typeof SessionService> = {
  createSession: PUBLIC,
  getSession: PUBLIC,
  listSessions: [...PUBLIC, "ingest"],
  closeSessions: [...PUBLIC, "sessions"],
};

/** Who may call the PersonService. */
export const PERSON_PEERS: MethodPeers<typeof PersonService> = {
  createPerson: PUBLIC,
  getPerson: PUBLIC,
  listPersons: PUBLIC,
  updatePerson: PUBLIC,
  deletePerson: PUBLIC,
};

import { createPerson } from "./handlers/create-person.ts";
import { createSession } from "./handlers/create-session.ts";
import { deleteEvent } from "./handlers/delete-event.ts";
import { deletePerson } from "./handlers/delete-person.ts";
import { getError } from "./handlers/get-error.ts";
import { getEvent } from "./handlers/get-event.ts";
import { getPerson } from "./handlers/get-person.ts";
import { getSession } from "./handlers/get-session.ts";
import { listErrors } from "./handlers/list-errors.ts";
import { listEvents } from "./handlers/list-events.ts";
import { listPersons } from "./handlers/list-persons.ts";
import { listSessions } from "./handlers/list-sessions.ts";
import { queryAggregates } from "./handlers/query-aggregates.ts";
import { trackEvents } from "./handlers/track-events.ts";
import { trackMetric } from "./handlers/track-metric.ts";
import { changeEvent, replaceEvent } from "./handlers/update-event.ts";
import { updatePerson } from "./handlers/update-person.ts";
import { type PlainRoute, reads, takes } from "./plain-route.ts";

/** The routes of the dialect; each may be called with a slash at its end. */
export const routes: readonly PlainRoute[] = [
  takes("POST", "/events", trackEvents, { keepsRefused: true }),
  reads("GET", "/events", listEvents),
  reads("GET", "/events/{id}", getEvent),
  takes("PUT", "/events/{id}", replaceEvent),
  takes("PATCH", "/events/{id}", changeEvent),
  reads("DELETE", "/events/{id}", deleteEvent),
  takes("POST", "/sessions", createSession, { body: "optional" }),
  reads("GET", "/sessions", listSessions),
  reads("GET", "/sessions/{id}", getSession),
  reads("GET", "/errors", listErrors),
  reads("GET", "/errors/{id}", getError),
  takes("POST", "/persons", createPerson),
  reads("GET", "/persons", listPersons),
  reads("GET", "/persons/{id}", getPerson),
  takes("PATCH", "/persons/{id}", updatePerson),
  reads("DELETE", "/persons/{id}", deletePerson),
  takes("POST", "/api/track", trackMetric, { keepsRefused: true }),
  reads("GET", "/api/events/{namespace}/{name}", queryAggregates),
];

import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
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

const { method: ingest } = IngestService;
const { method: events } = EventService;
const { method: errors } = EventErrorService;
const { method: sessions } = SessionService;
const { method: persons } = PersonService;
const { method: aggregation } = AggregationService;

/** The routes of the dialect; each may be called with a slash at its end, and by who may call all that it calls. */
export const routes: readonly PlainRoute[] = [
  takes("POST", "/events", trackEvents, [ingest.trackEvent, ingest.batchTrackEvents], { keepsRefused: true }),
  reads("GET", "/events", listEvents, [events.listEvents]),
  reads("GET", "/events/{id}", getEvent, [events.getEvent]),
  takes("PUT", "/events/{id}", replaceEvent, [events.updateEvent]),
  takes("PATCH", "/events/{id}", changeEvent, [events.updateEvent]),
  reads("DELETE", "/events/{id}", deleteEvent, [events.deleteEvent]),
  takes("POST", "/sessions", createSession, [sessions.createSession], { body: "optional" }),
  reads("GET", "/sessions", listSessions, [sessions.listSessions]),
  reads("GET", "/sessions/{id}", getSession, [sessions.getSession, events.listEvents]),
  reads("GET", "/errors", listErrors, [errors.listEventErrors]),
  reads("GET", "/errors/{id}", getError, [errors.getEventError]),
  takes("POST", "/persons", createPerson, [persons.createPerson, events.listEvents]),
  reads("GET", "/persons", listPersons, [persons.listPersons]),
  reads("GET", "/persons/{id}", getPerson, [persons.getPerson, events.listEvents]),
  takes("PATCH", "/persons/{id}", updatePerson, [persons.updatePerson, events.listEvents]),
  reads("DELETE", "/persons/{id}", deletePerson, [persons.deletePerson]),
  takes("POST", "/api/track", trackMetric, [ingest.trackEvent], { keepsRefused: true }),
  reads("GET", "/api/events/{namespace}/{name}", queryAggregates, [aggregation.queryAggregates]),
];

import { AuditService } from "@ocellus/proto/ocellus/access/v1/audit_service_pb.ts";
import { ClientService } from "@ocellus/proto/ocellus/access/v1/client_service_pb.ts";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";

/** Every service of the contract but those of the gateway, under the name of its client, and the server that serves it. */
export const SERVICES = {
  ingest: { service: IngestService, server: "ingest" },
  events: { service: EventService, server: "ingest" },
  eventErrors: { service: EventErrorService, server: "ingest" },
  sessions: { service: SessionService, server: "sessions" },
  persons: { service: PersonService, server: "sessions" },
  aggregation: { service: AggregationService, server: "aggregation" },
} as const;

/** What the gateway serves by itself, under the names of its clients. */
export const GATEWAY_SERVICES = { clients: ClientService, audit: AuditService } as const;

/** A gRPC server of the suite. */
export type ServerName = (typeof SERVICES)[keyof typeof SERVICES]["server"];

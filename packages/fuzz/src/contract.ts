import { createRegistry, type DescMethod } from "@bufbuild/protobuf";
import { AuditService } from "@ocellus/proto/ocellus/access/v1/audit_service_pb.ts";
import { ClientService } from "@ocellus/proto/ocellus/access/v1/client_service_pb.ts";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";

/** What each service serves by gRPC. */
export const SERVED_BY = {
  ingest: [IngestService, EventService, EventErrorService],
  sessions: [SessionService, PersonService],
  aggregation: [AggregationService],
} as const;

const registry = createRegistry(...Object.values(SERVED_BY).flat(), ClientService, AuditService);

/** All methods, those that the gateway alone serves included. */
export const METHODS: readonly DescMethod[] = [...registry]
  .filter((desc) => desc.kind === "service")
  .flatMap(({ methods }) => methods);

/** A method by `package.Service/Method`. Throws where the contract has none. */
export function methodNamed(name: string): DescMethod {
  const method = METHODS.find(({ parent, name: own }) => `${parent.typeName}/${own}` === name);
  if (!method) throw new Error(`The contract has no method ${name}`);
  return method;
}

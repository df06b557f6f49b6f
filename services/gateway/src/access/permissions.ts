import type { DescMethod } from "@bufbuild/protobuf";
import { AuditService } from "@ocellus/proto/ocellus/access/v1/audit_service_pb.ts";
import { ClientService } from "@ocellus/proto/ocellus/access/v1/client_service_pb.ts";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { AnyService, Handlers } from "@ocellus/runtime/handlers.ts";
import { limitedToNamespaces, scopeMissing } from "./denied.ts";
import type { Principal, ScopeName } from "./principal.ts";

/** Who may call a method from outside. */
export interface Permission {
  scope: ScopeName;
  /**
   * "own": who is limited to namespaces may call, and the service, told of the limit, keeps to it. "all": only who is not limited may
   * call.
   */
  namespaces: "own" | "all";
  /** Whether each call is an audit record, written before it. */
  audited?: boolean;
}

/** For the services among themselves: nobody from outside may call it. */
type Nobody = "nobody";

const read: Permission = { scope: "read", namespaces: "own" };
const write: Permission = { scope: "write", namespaces: "own" };
const erase: Permission = { ...write, audited: true };
const aggregate: Permission = { scope: "aggregation", namespaces: "own" };
const administer: Permission = { scope: "admin", namespaces: "all" };
const decide: Permission = { ...administer, audited: true };

/** Who may call each method of a service: one that is left out does not compile. */
function permit<S extends AnyService>(
  service: S,
  permissions: { [Method in keyof Handlers<S>]: Permission | Nobody },
): [DescMethod, Permission | Nobody][] {
  const named = permissions as Record<string, Permission | Nobody>;
  return service.methods.map((method) => [method, named[method.localName]!]);
}

const PERMISSIONS = new Map<DescMethod, Permission | Nobody>([
  ...permit(IngestService, { trackEvent: write, batchTrackEvents: write, streamEvents: write }),
  ...permit(EventService, {
    getEvent: read,
    listEvents: read,
    getEventStatus: read,
    watchEvents: read,
    updateEvent: write,
    deleteEvent: erase,
    // The sessions service purges whom it deletes.
    purgeEvents: "nobody",
  }),
  ...permit(EventErrorService, {
    getEventError: read,
    listEventErrors: read,
    deleteEventError: erase,
    replayEventErrors: erase,
    // A door tells of what it refused.
    recordEventErrors: "nobody",
  }),
  ...permit(SessionService, { createSession: write, getSession: read, listSessions: read, closeSessions: erase }),
  ...permit(PersonService, {
    createPerson: write,
    getPerson: read,
    listPersons: read,
    updatePerson: write,
    deletePerson: erase,
  }),
  ...permit(AggregationService, {
    queryAggregates: aggregate,
    listSeries: aggregate,
    getFreshness: aggregate,
    // It takes as long as it takes, and what it computes anew is what was there, but after a defect.
    rebuildAggregates: administer,
  }),
  ...permit(ClientService, {
    createClient: decide,
    getClient: administer,
    listClients: administer,
    updateClient: decide,
    rotateClientSecret: decide,
    deleteClient: decide,
  }),
  ...permit(AuditService, { listAuditRecords: administer }),
]);

/** Who may call a method from outside; undefined where nobody may. Throws for a service that nobody thought of. */
export function permissionOf(method: DescMethod): Permission | undefined {
  const permission = PERMISSIONS.get(method);
  if (!permission) throw new Error(`permissions.ts says of nobody that he may call ${method}`);
  return permission === "nobody" ? undefined : permission;
}

/** Throws PERMISSION_DENIED where the caller may not call the method. */
export function requirePermission({ scopes, namespaces }: Principal, method: DescMethod): Permission {
  const permission = permissionOf(method);
  if (!permission) throw new Error(`${method} is not for callers from outside`);
  if (!scopes.has(permission.scope)) throw scopeMissing(permission.scope);
  if (permission.namespaces === "all" && namespaces) throw limitedToNamespaces();
  return permission;
}

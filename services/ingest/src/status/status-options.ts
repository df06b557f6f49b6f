import type { EntityManager } from "@mikro-orm/postgresql";
import type { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";

/** What telling the status of an event works with. */
export interface StatusOptions {
  em: EntityManager;
  queue: Queue;
  sessions: ServiceClient<typeof SessionService>;
}

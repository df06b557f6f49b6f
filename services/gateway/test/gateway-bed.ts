import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { startGrpcServer } from "@ocellus/runtime/grpc-server.ts";
import { type ServedService, serve } from "@ocellus/runtime/grpc-service.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { createLog } from "@ocellus/runtime/log.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { ensureCertificates } from "@ocellus/suite/certificates.ts";
import { gateway } from "../src/gateway.ts";
import { listen } from "../src/http/one-port.ts";
import { openUpstreams } from "../src/upstreams.ts";

/** The handlers of the services behind the gateway. */
export interface Behind {
  ingest: Handlers<typeof IngestService>;
  events: Handlers<typeof EventService>;
  errors: Handlers<typeof EventErrorService>;
  sessions: Handlers<typeof SessionService>;
  persons: Handlers<typeof PersonService>;
  aggregation: Handlers<typeof AggregationService>;
}

/** A gateway that listens, and what is behind it. */
export interface GatewayBed {
  url: string;
  port: number;
  stop(): Promise<void>;
}

/**
 * Starts a gateway on a free port, and behind it one mTLS gRPC server with these handlers.
 *
 * @param addresses of services that are to be somewhere else
 * @param origins whose pages may call it from a browser
 */
export async function startGateway(
  behind: Behind,
  addresses: Record<string, string> = {},
  origins: readonly string[] = [],
): Promise<GatewayBed> {
  const folder = mkdtempSync(join(tmpdir(), "gateway-test-"));
  await ensureCertificates(folder);
  const tlsOf = (name: string) => tlsFilesIn(folder, name);
  const log = createLog("test", "silent");
  const services: ServedService[] = [
    serve(IngestService, behind.ingest, { log }),
    serve(EventService, behind.events, { log }),
    serve(EventErrorService, behind.errors, { log }),
    serve(SessionService, behind.sessions, { log }),
    serve(PersonService, behind.persons, { log }),
    serve(AggregationService, behind.aggregation, { log }),
  ];
  const upstream = await startGrpcServer(services, { host: "127.0.0.1", port: 0, tls: tlsOf("ingest") });
  const address = `127.0.0.1:${upstream.port}`;
  const stopping = new AbortController();
  const upstreams = openUpstreams(
    { INGEST_ADDRESS: address, SESSIONS_ADDRESS: address, AGGREGATION_ADDRESS: address, ...addresses },
    tlsOf("gateway"),
    stopping.signal,
  );
  const server = await listen(gateway(upstreams.list, log, origins), { host: "127.0.0.1", port: 0 });
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    stop: async () => {
      stopping.abort();
      await server.stop(500);
      upstreams.close();
      await upstream.stop(500);
      rmSync(folder, { recursive: true });
    },
  };
}

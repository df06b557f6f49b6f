import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuditService } from "@ocellus/proto/ocellus/access/v1/audit_service_pb.ts";
import { ClientService } from "@ocellus/proto/ocellus/access/v1/client_service_pb.ts";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventErrorService } from "@ocellus/proto/ocellus/ingest/v1/event_error_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { CertificateFiles } from "@ocellus/runtime/certificate-files.ts";
import { readConfig } from "@ocellus/runtime/config.ts";
import { startGrpcServer } from "@ocellus/runtime/grpc-server.ts";
import { type ServedService, serve } from "@ocellus/runtime/grpc-service.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { callRateOf, connectionLimitsOf, grpcLimits, httpLimits } from "@ocellus/runtime/limit-variables.ts";
import { createLog } from "@ocellus/runtime/log.ts";
import { RateLimit } from "@ocellus/runtime/rate-limit.ts";
import { type TlsFiles, tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { ensureCertificates } from "@ocellus/suite/certificates.ts";
import { useTokens } from "../../../test/support/fetch-with-token.ts";
import { serveHere } from "../src/access/serve-here.ts";
import { verifyByIssuer } from "../src/access/verify.ts";
import { gatewayLimits } from "../src/config.ts";
import { gateway } from "../src/gateway.ts";
import { bodyLimitsOf } from "../src/http/body-limits.ts";
import { listen } from "../src/http/one-port.ts";
import { verifyOwn } from "../src/issuer/own-tokens.ts";
import type { LoadedKey } from "../src/issuer/signing-keys.ts";
import { isRequestStream, openUpstreams } from "../src/upstreams.ts";
import { ISSUER, loadedKey, signToken } from "./test-tokens.ts";

/** The handlers of the services behind the gateway. */
export interface Behind {
  ingest: Handlers<typeof IngestService>;
  events: Handlers<typeof EventService>;
  errors: Handlers<typeof EventErrorService>;
  sessions: Handlers<typeof SessionService>;
  persons: Handlers<typeof PersonService>;
  aggregation: Handlers<typeof AggregationService>;
  clients: Handlers<typeof ClientService>;
  audit: Handlers<typeof AuditService>;
}

/** A gateway that listens, and what is behind it. */
export interface GatewayBed {
  url: string;
  port: number;
  /** What signs the tokens that it takes. */
  key: LoadedKey;
  /** The deeds that it recorded, by the name of their method. */
  recorded: string[];
  /** The clients whose tokens do not count any more. */
  revoked: Set<string>;
  /** The server behind it, and the certificate of a developer. */
  behind: { address: string; tls: TlsFiles };
  stop(): Promise<void>;
}

/**
 * Starts a gateway on a free port, and behind it one mTLS gRPC server with these handlers. `fetch` and `sendToken` of test/support send it a
 * token for all.
 *
 * @param addresses of services that are to be somewhere else
 * @param origins whose pages may call it from a browser
 * @param settings of the limits, of the gateway and of what is behind it
 */
export async function startGateway(
  behind: Behind,
  addresses: Record<string, string> = {},
  origins: readonly string[] = [],
  settings: { gateway?: Record<string, string>; behind?: Record<string, string> } = {},
): Promise<GatewayBed> {
  const limits = readConfig({ ...httpLimits, ...gatewayLimits }, settings.gateway ?? {});
  const limitsBehind = readConfig(grpcLimits, settings.behind ?? {});
  const folder = mkdtempSync(join(tmpdir(), "gateway-test-"));
  await ensureCertificates(folder);
  const certificates = (name: string) => new CertificateFiles(tlsFilesIn(folder, name));
  const log = createLog("test", "silent");
  const services: ServedService[] = [
    serve(IngestService, behind.ingest, { log }),
    serve(EventService, behind.events, { log }),
    serve(EventErrorService, behind.errors, { log }),
    serve(SessionService, behind.sessions, { log }),
    serve(PersonService, behind.persons, { log }),
    serve(AggregationService, behind.aggregation, { log }),
  ];
  const upstream = await startGrpcServer(services, {
    host: "127.0.0.1",
    port: 0,
    certificates: certificates("ingest"),
    limits: {
      connections: connectionLimitsOf(limitsBehind),
      messageBytes: limitsBehind.MESSAGE_MAX_BYTES,
      calls: callRateOf(limitsBehind),
      clients: [],
    },
  });
  const address = `127.0.0.1:${upstream.port}`;
  const stopping = new AbortController();
  const upstreams = openUpstreams(
    { INGEST_ADDRESS: address, SESSIONS_ADDRESS: address, AGGREGATION_ADDRESS: address, ...addresses },
    certificates("gateway"),
    stopping.signal,
  );
  const key = await loadedKey();
  const revoked = new Set<string>();
  const own = { url: ISSUER, keys: () => [key], counts: (id: string) => !revoked.has(id) };
  const recorded: string[] = [];
  const alwaysThere = { whileReachable: <T>(work: () => Promise<T>) => work() };
  const here = { log, requires: alwaysThere };
  const handler = gateway({
    upstreams: [
      ...upstreams.list,
      serveHere(ClientService, behind.clients, here),
      serveHere(AuditService, behind.audit, here),
    ],
    verify: verifyByIssuer(new Map([[ISSUER, (token) => verifyOwn(own, token)]])),
    callLimit: new RateLimit(callRateOf(limits)),
    bodyLimits: bodyLimitsOf(limits),
    audit: {
      recorded: ({ method }, work) => {
        recorded.push(method.name);
        return work();
      },
    },
    log,
    origins,
  });
  const server = await listen(handler, {
    host: "127.0.0.1",
    port: 0,
    limits: connectionLimitsOf(limits),
    isStream: isRequestStream,
  });
  const url = `http://127.0.0.1:${server.port}`;
  const token = await signToken(key);
  useTokens(url, async () => token);
  return {
    url,
    port: server.port,
    key,
    recorded,
    revoked,
    behind: { address, tls: tlsFilesIn(folder, "developer") },
    stop: async () => {
      stopping.abort();
      await server.stop(500);
      upstreams.close();
      await upstream.stop(500);
      rmSync(folder, { recursive: true });
    },
  };
}

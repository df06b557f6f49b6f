import { setTimeout as sleep } from "node:timers/promises";
import { AuditService } from "@ocellus/proto/ocellus/access/v1/audit_service_pb.ts";
import { ClientService } from "@ocellus/proto/ocellus/access/v1/client_service_pb.ts";
import { connectDatabase } from "@ocellus/runtime/database.ts";
import { addressIn } from "@ocellus/runtime/database-address.ts";
import { DatabaseWatch } from "@ocellus/runtime/database-watch.ts";
import { tellReachable } from "@ocellus/runtime/dependency-metrics.ts";
import { forgetOld } from "@ocellus/runtime/forget-old.ts";
import type { Lifecycle } from "@ocellus/runtime/lifecycle.ts";
import { rateOf } from "@ocellus/runtime/limit-variables.ts";
import type { Verify } from "./access/authenticate.ts";
import { serveHere } from "./access/serve-here.ts";
import { verifyByIssuer } from "./access/verify.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import { auditService } from "./audit/audit-service.ts";
import { boundRecords } from "./audit/bound-records.ts";
import { recordDeeds } from "./audit/record-deeds.ts";
import { clientService } from "./clients/client-service.ts";
import { findClient } from "./clients/find-client.ts";
import { ensureFirstAdministrator } from "./clients/first-administrator.ts";
import { ClientVersions } from "./clients/versions.ts";
import type { AccessConfig } from "./config.ts";
import { type ForeignIssuer, verifyForeign } from "./foreign/foreign-tokens.ts";
import { IssuerKeys } from "./foreign/issuer-keys.ts";
import { type Issuer, openIssuer } from "./issuer/issuer.ts";
import { verifyOwn } from "./issuer/own-tokens.ts";
import { SigningKeys } from "./issuer/signing-keys.ts";
import { TokenLimits } from "./issuer/token-limits.ts";
import { schema } from "./orm.config.ts";
import type { Upstream } from "./upstreams.ts";

/** How often it is asked which clients were changed and which keys there are: so long does a revoked token count at most. */
const REFRESH_EVERY_MS = 1000;
const MAX_RENEW_EVERY_MS = 3_600_000;

/** All that decides who may call. */
export interface Access {
  /** Says whose a token is. */
  verify: Verify;
  audit: AuditLog;
  issuer: Issuer;
  /** The services that the gateway serves by itself. */
  services: Upstream[];
}

/** Connects to PostgreSQL, registers the first administrator, and keeps keys and revocations up to date. Waits for PostgreSQL where it is not there. */
export async function openAccess(config: AccessConfig, lifecycle: Lifecycle): Promise<Access> {
  const { log, signal, onStop, background } = lifecycle;
  const { PUBLIC_URL: url, TOKEN_LIFETIME: tokenMs, TOKEN_KEY_LIFETIME: keyMs } = config;
  const address = addressIn(config);
  const orm = await connectDatabase(schema, { ...address, poolSize: config.DATABASE_POOL }, lifecycle);
  onStop("database", () => orm.close());
  const { em } = orm;
  const database = new DatabaseWatch();
  background("database watch", database.run(address, signal, log));
  tellReachable("postgresql", () => database.reachable);

  const keys = new SigningKeys(em, { keyMs, tokenMs });
  const versions = new ClientVersions(em, tokenMs);
  await keys.renew();
  await versions.refresh();
  const { FIRST_ADMINISTRATOR_ID: id, FIRST_ADMINISTRATOR_SECRET: secret } = config;
  if (id !== "") await ensureFirstAdministrator(em, { id, secret }, log);

  const refresh = () => database.whileReachable(() => Promise.all([keys.refresh(), versions.refresh()]));
  background("refreshing access", every(REFRESH_EVERY_MS, refresh, lifecycle));
  const renewMs = Math.min(MAX_RENEW_EVERY_MS, keyMs / 4);
  background(
    "renewing keys",
    forgetOld("keys", () => keys.renew(), { signal, log, everyMs: renewMs }),
  );
  const bounds = { keepMs: config.AUDIT_KEEP, maxRecords: config.AUDIT_MAX_RECORDS };
  background(
    "forgetting",
    forgetOld("audit records", () => boundRecords(em, bounds), lifecycle),
  );

  const verifiers = new Map<string, Verify>();
  const foreign = foreignIssuerIn(config);
  if (foreign) {
    const foreignKeys = new IssuerKeys(foreign.issuer);
    background("keys of the issuer", foreignKeys.refresh(signal, log));
    verifiers.set(foreign.issuer, (token) => verifyForeign(foreign, foreignKeys.keyOf, token));
  }
  const own = { url, keys: () => keys.all, counts: (id: string, version: number) => versions.counts(id, version) };
  verifiers.set(url, (token) => verifyOwn(own, token));

  const find = (id: string) => database.whileReachable(() => findClient(em.fork(), id));
  const serving = { log, requires: database };
  return {
    verify: verifyByIssuer(verifiers),
    audit: recordDeeds(em, (work) => database.whileReachable(work), log),
    issuer: openIssuer(() => keys.all, { url, tokenLifetimeMs: tokenMs, limits: tokenLimitsIn(config), find, log }),
    services: [
      serveHere(ClientService, clientService(em, versions), serving),
      serveHere(AuditService, auditService(em), serving),
    ],
  };
}

/** Does something again and again until the signal aborts. What fails is tried again, and told once. */
async function every(ms: number, work: () => Promise<unknown>, { signal, log }: Lifecycle): Promise<void> {
  let failed = false;
  while (!signal.aborted) {
    await sleep(ms, undefined, { signal }).catch(() => {});
    try {
      if (!signal.aborted) await work();
      failed = false;
    } catch (error) {
      if (!failed) log.warn({ err: error }, "keys and revocations could not be read; those that are known count on");
      failed = true;
    }
  }
}

function tokenLimitsIn(config: AccessConfig): TokenLimits {
  return new TokenLimits({
    perClient: rateOf(config.TOKEN_RATE),
    all: rateOf(config.TOKEN_RATE_TOTAL),
    secretsAtOnce: config.TOKEN_SECRETS_AT_ONCE,
  });
}

function foreignIssuerIn(config: AccessConfig): ForeignIssuer | undefined {
  if (config.OIDC_ISSUER === "") return undefined;
  return {
    issuer: config.OIDC_ISSUER,
    audience: config.OIDC_AUDIENCE,
    scopesClaim: config.OIDC_SCOPES_CLAIM,
    scopes: config.OIDC_SCOPES,
    defaultScopes: config.OIDC_DEFAULT_SCOPES,
    namespacesClaim: config.OIDC_NAMESPACES_CLAIM,
    emails: config.OIDC_EMAILS,
    trustEmails: config.OIDC_TRUST_EMAILS,
  };
}

import { setTimeout as sleep } from "node:timers/promises";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { type ServiceError, unavailable } from "@ocellus/runtime/service-error.ts";
import { createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
import type { Logger } from "pino";

/** How often the keys are read again, so that one that the issuer has withdrawn is forgotten. */
const REFRESH_MS = 10 * 60_000;
/** How long the issuer may take to answer. */
const PATIENCE_MS = 5000;
/** After so long without a key that it asks for, or without an answer, the issuer is asked again. */
const COOLDOWN_MS = 10_000;

type RemoteKeys = ReturnType<typeof createRemoteJWKSet>;

/**
 * The keys of another issuer, as its discovery document names them. They are held: while the issuer is away, what it signed with known
 * keys is verified as ever.
 */
export class IssuerKeys {
  readonly #issuer: string;
  #keys: RemoteKeys | undefined;
  #opening: Promise<RemoteKeys> | undefined;
  /** Until when the issuer is not asked again, as it did not answer. */
  #restUntil = 0;

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  /** Finds the key of a token. Throws UNAVAILABLE where the issuer must be asked, and does not answer. */
  readonly keyOf: JWTVerifyGetKey = async (header, token) => {
    const keys = this.#keys ?? (await this.#asked(() => this.#open()));
    const isKnown = keys.jwks()?.keys.some(({ kid }) => kid === header.kid);
    return isKnown ? keys(header, token) : this.#asked(() => keys(header, token));
  };

  /** Reads the keys again and again, until the signal aborts. */
  async refresh(signal: AbortSignal, log: Logger): Promise<void> {
    while (!signal.aborted) {
      try {
        await (this.#keys ?? (await this.#open())).reload();
      } catch (error) {
        log.warn(
          { err: error, issuer: this.#issuer },
          "the keys of the issuer could not be read; those that are known count on",
        );
      }
      const waitMs = this.#keys ? REFRESH_MS : COOLDOWN_MS;
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Asks the issuer, unless it has just failed to answer. */
  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    if (Date.now() < this.#restUntil) throw issuerUnavailable(this.#issuer);
    try {
      return await ask();
    } catch (error) {
      if (isAboutToken(error)) throw error;
      this.#restUntil = Date.now() + COOLDOWN_MS;
      throw issuerUnavailable(this.#issuer, error);
    }
  }

  /** Reads the discovery document (OpenID Connect Discovery 1.0, section 4). */
  #open(): Promise<RemoteKeys> {
    this.#opening ??= this.#discover().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #discover(): Promise<RemoteKeys> {
    const url = `${this.#issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    const { issuer, jwks_uri } = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (issuer !== this.#issuer) throw new Error(`${url} is about ${issuer}, and not about ${this.#issuer}`);
    if (typeof jwks_uri !== "string" || !URL.canParse(jwks_uri)) throw new Error(`${url} names no jwks_uri`);
    this.#keys = createRemoteJWKSet(new URL(jwks_uri), {
      timeoutDuration: PATIENCE_MS,
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: Number.POSITIVE_INFINITY,
    });
    return this.#keys;
  }
}

/** Whether an error is about the token rather than about the way to the issuer. */
function isAboutToken(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return (
    code === "ERR_JWKS_NO_MATCHING_KEY" ||
    code === "ERR_JWKS_MULTIPLE_MATCHING_KEYS" ||
    code === "ERR_JOSE_NOT_SUPPORTED"
  );
}

function issuerUnavailable(issuer: string, cause?: unknown): ServiceError {
  const message = `The keys of ${issuer} cannot be had now, so that nobody knows whether the token counts; try again`;
  return unavailable(message, ErrorReason.ISSUER_UNAVAILABLE, cause, COOLDOWN_MS);
}

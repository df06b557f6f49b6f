import { countRefused } from "@ocellus/runtime/limit-metrics.ts";
import { type RateLimit, rateLimited } from "@ocellus/runtime/rate-limit.ts";
import type { HttpRequest } from "../http/node-http.ts";
import { countRefusedTokens } from "../metrics.ts";
import { tokenInvalid, tokenMissing } from "./denied.ts";
import { keyOf, type Principal } from "./principal.ts";

/** Says who a token is of. Throws UNAUTHENTICATED where it does not count. */
export type Verify = (token: string) => Promise<Principal>;

/** How many verified tokens are remembered: each client has one or two. */
const MAX_KNOWN = 10_000;
/** After so long a token is verified anew, though it has not expired. Whether its client was revoked is asked each time. */
const KNOWN_FOR_MS = 30_000;

interface Known {
  key: string;
  principal: Principal;
  until: number;
}

/**
 * Tells by its token who a request is of, and whether they call too often. A token that was verified a moment ago is not verified again: that
 * costs more than most calls.
 */
export class Authenticator {
  readonly #verify: Verify;
  readonly #limit: RateLimit;
  readonly #known = new Map<string, Known>();

  /** @param limit by the key of a principal */
  constructor(verify: Verify, limit: RateLimit) {
    this.#verify = verify;
    this.#limit = limit;
  }

  /**
   * Who calls, to be asked once for each call. Throws UNAUTHENTICATED where nobody says so with a token that counts, and RESOURCE_EXHAUSTED where
   * they call more often than they may.
   */
  principalOf(request: HttpRequest): Principal | Promise<Principal> {
    const token = bearerOf(request.headers.authorization);
    const known = this.#known.get(token);
    if (!known) return this.#learn(token);
    if (known.until > Date.now() && known.principal.isValid()) {
      this.#count(known);
      return known.principal;
    }
    this.#known.delete(token);
    return this.#learn(token);
  }

  async #learn(token: string): Promise<Principal> {
    let principal: Principal;
    try {
      principal = await this.#verify(token);
      if (!principal.isValid()) throw tokenInvalid("has expired, or its client was revoked or changed");
    } catch (error) {
      countRefusedTokens();
      throw error;
    }
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    const known = { principal, key: keyOf(principal), until: Date.now() + KNOWN_FOR_MS };
    this.#known.set(token, known);
    this.#count(known);
    return principal;
  }

  #count({ principal, key }: Known): void {
    const waitMs = this.#limit.take(key);
    if (waitMs === 0) return;
    countRefused("calls");
    throw rateLimited(`The client ${principal.id.slice(0, 254)}`, waitMs);
  }
}

/** The token of an Authorization header (RFC 6750, section 2.1). */
function bearerOf(header: string | undefined): string {
  if (header === undefined || header === "") throw tokenMissing();
  const [, token] = /^bearer +([\w.~+/-]+=*)$/i.exec(header) ?? [];
  if (token === undefined) throw tokenInvalid("is not sent as a bearer token");
  return token;
}

import { countRefused } from "@ocellus/runtime/limit-metrics.ts";
import { type Rate, RateLimit } from "@ocellus/runtime/rate-limit.ts";
import type { KoaContextWithOIDC } from "oidc-provider";
import { tryLater } from "./try-later.ts";

/** How often tokens may be asked for. Each time costs as much as a hundred events, and a guess as much as a good secret. */
export interface TokenRates {
  perClient: Rate;
  /** Of all together, also of clients that do not exist. */
  all: Rate;
  /** How many secrets are compared at once, of Node's four threads for such work. */
  secretsAtOnce: number;
}

/** How many may wait for their secret to be compared. */
const MAX_WAITING = 64;
const ALL = "all";

/** Refuses, for a moment, those who ask for more tokens than can be given without holding up everybody else. */
export class TokenLimits {
  readonly #perClient: RateLimit;
  readonly #all: RateLimit;
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor({ perClient, all, secretsAtOnce }: TokenRates) {
    this.#perClient = new RateLimit(perClient);
    this.#all = new RateLimit(all);
    this.#atOnce = secretsAtOnce;
  }

  /** In how many milliseconds somebody may ask for a token; 0 for at once, and then it counts. */
  waitMs(): number {
    const waitMs = this.#all.take(ALL);
    if (waitMs > 0) countRefused("tokens");
    return waitMs;
  }

  /** Compares the secret of a client that exists when its turn has come. Throws where there are too many, of the client or at once. */
  async compare<T>(clientId: string, work: () => Promise<T>, context: KoaContextWithOIDC | undefined): Promise<T> {
    const waitMs = this.#perClient.take(clientId);
    if (waitMs > 0) throw tooMany(429, "this client asks for tokens more often than it may", waitMs, context);
    if (this.#running === this.#atOnce) {
      if (this.#waiting.length === MAX_WAITING) throw tooMany(503, "too many ask for tokens at once", 1000, context);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}

function tooMany(status: number, why: string, waitMs: number, context: KoaContextWithOIDC | undefined): Error {
  countRefused("tokens");
  return tryLater(status, why, waitMs, context);
}

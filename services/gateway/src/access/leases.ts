import type { Principal } from "./principal.ts";

/** How often it is asked whether the tokens of running streams still count. */
const EVERY_MS = 500;

/** A stream's right to go on. */
export interface Lease {
  /** Aborts when the token does not count any more. */
  signal: AbortSignal;
  /** To be called when the stream has ended. */
  release(): void;
}

/** Ends the streams whose tokens expire, or whose clients are revoked, while they go on. */
export class Leases {
  readonly #held = new Map<AbortController, Principal>();
  #timer: NodeJS.Timeout | undefined;

  /** Lets a stream go on for as long as the token of its caller counts. */
  take(principal: Principal): Lease {
    const abort = new AbortController();
    this.#held.set(abort, principal);
    this.#timer ??= setInterval(() => this.#look(), EVERY_MS);
    return {
      signal: abort.signal,
      release: () => {
        this.#held.delete(abort);
        if (this.#held.size > 0) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
      },
    };
  }

  #look(): void {
    for (const [abort, principal] of this.#held) if (!principal.isValid()) abort.abort();
  }
}

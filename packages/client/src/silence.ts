import { Code, ConnectError } from "@connectrpc/connect";

/**
 * Notices that a connection is dead: calls end by their deadline, and none of them was answered for a while. The pings of
 * `Http2SessionManager` alone do not, where all calls end before these have timed out.
 */
export class Silence {
  readonly #longestMs: number;
  #since: number | undefined;
  #running = 0;

  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  /** Makes a call. Before its error is thrown, `onTooLong` is called where the silence has lasted too long. */
  async during<T>(call: () => Promise<T>, onTooLong: (error: ConnectError) => void): Promise<T> {
    const since = this.#since ?? performance.now();
    this.#since = since;
    this.#running++;
    try {
      const answer = await call();
      this.#end();
      return answer;
    } catch (error) {
      const { code } = ConnectError.from(error);
      if (code === Code.DeadlineExceeded) {
        if (performance.now() - (this.#since ?? since) >= this.#longestMs) {
          this.#end();
          onTooLong(new ConnectError("The server is silent; the connection is given up", Code.Unavailable));
        }
      } else if (code !== Code.Canceled) this.#end();
      throw error;
    } finally {
      this.#running--;
    }
  }

  #end(): void {
    this.#since = this.#running > 1 ? performance.now() : undefined;
  }
}

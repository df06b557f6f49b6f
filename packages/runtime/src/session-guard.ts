import { constants, type Http2Session, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { countRefused, type Limit } from "./limit-metrics.ts";
import type { ConnectionLimits } from "./limit-variables.ts";
import { TokenBucket } from "./rate-limit.ts";

/** What a guard holds sessions against. */
export interface GuardOptions {
  limits: Pick<
    ConnectionLimits,
    "requestMs" | "answerMs" | "idleMs" | "ageMs" | "graceMs" | "pings" | "resets" | "headersMs"
  >;
  /** Whether the request to a path may go on for as long as its client likes. */
  isStream(path: string): boolean;
  /** Whether it is counted how many calls the client of a session gives up. */
  countsResets(session: Http2Session): boolean;
}

/** How often it is looked for what is slow, as a part of the shortest time that is allowed. */
const LOOKS_PER_LIMIT = 5;
const MAX_LOOK_EVERY_MS = 1000;
/** What was sent before a client has read that it is to open another connection is still answered. A short grace has less of it. */
const MAX_NOTICE_MS = 1000;
/** Connections that were opened together are not closed together. */
const JITTER = 0.1;
/** A longer time would count as none. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
const HIGHEST_STREAM_ID = 2 ** 31 - 1;

/** Ends what is too slow, too old, idle, or a flood, on the HTTP/2 connections that it is shown. */
export class SessionGuard {
  readonly #options: GuardOptions;
  readonly #sessions = new Set<GuardedSession>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: GuardOptions) {
    this.#options = options;
    const { requestMs, answerMs, idleMs, headersMs } = options.limits;
    const everyMs = Math.min(MAX_LOOK_EVERY_MS, Math.min(requestMs, answerMs, idleMs, headersMs) / LOOKS_PER_LIMIT);
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (const session of this.#sessions) session.look(now);
    }, everyMs).unref();
  }

  /** @param socket of the session, which does not show it */
  watch(session: ServerHttp2Session, socket: Socket): void {
    const guarded = new GuardedSession(session, socket, this.#options);
    this.#sessions.add(guarded);
    session.once("close", () => {
      guarded.stop();
      this.#sessions.delete(guarded);
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Cuts off all that is left. */
  cutOff(): void {
    for (const session of this.#sessions) session.cutOff();
  }
}

interface OpenCall {
  since: number;
  path: string;
}

class GuardedSession {
  readonly #session: ServerHttp2Session;
  readonly #socket: Socket;
  readonly #options: GuardOptions;
  /** The oldest first. */
  readonly #calls = new Map<ServerHttp2Stream, OpenCall>();
  readonly #stalled = new WeakSet<ServerHttp2Stream>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #since = performance.now();
  #idleSince = this.#since;
  #isLeaving = false;

  constructor(session: ServerHttp2Session, socket: Socket, options: GuardOptions) {
    this.#session = session;
    this.#socket = socket;
    this.#options = options;
    const { ageMs, pings, resets } = options.limits;
    const now = performance.now();
    const pinged = new TokenBucket(pings, now);
    const onPing = () => this.#countIn(pinged, "pings");
    session.on("ping", onPing).on("remoteSettings", onPing);
    const reset = new TokenBucket(resets, now);
    session.on("stream", (stream, headers) => {
      this.#calls.set(stream, { since: performance.now(), path: headers[":path"] ?? "" });
      stream.once("close", () => {
        this.#calls.delete(stream);
        if (this.#calls.size === 0) {
          this.#idleSince = performance.now();
          if (this.#isLeaving) this.#session.close();
        }
        if (stream.aborted && options.countsResets(session)) this.#countIn(reset, "resets");
      });
    });
    this.#after(ageMs * (1 + JITTER * (2 * Math.random() - 1)), () => this.#leave());
  }

  stop(): void {
    this.#timers.forEach(clearTimeout);
  }

  /** Node only ends its side of the connection of a session that was closed before: a client that does not end its own would keep it. */
  cutOff(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }

  /** Looks for what has taken too long. */
  look(now: number): void {
    const { idleMs, requestMs, answerMs, headersMs } = this.#options.limits;
    if (this.#session.pendingSettingsAck && now - this.#since > headersMs) {
      // Until it says so a client is not bound by what it may send.
      countRefused("slow_requests");
      this.#end("The client did not take our settings", constants.NGHTTP2_SETTINGS_TIMEOUT);
      return;
    }
    if (this.#calls.size === 0) {
      const idle = now - this.#idleSince;
      if (idle > idleMs) this.#leave();
      if (this.#session.closed && idle > answerMs) this.cutOff();
      return;
    }
    for (const [stream, { since, path }] of this.#calls) {
      if (hasUnread(stream)) this.#awaitReader(stream);
      if (now - since > requestMs && isUnfinished(stream) && !this.#options.isStream(path)) {
        this.#cutOff(stream, "slow_requests");
      }
    }
  }

  /** Lets the client take its answer for as long as it takes any of it. */
  #awaitReader(stream: ServerHttp2Stream): void {
    if (this.#stalled.has(stream)) return;
    this.#stalled.add(stream);
    stream.setTimeout(this.#options.limits.answerMs, () => {
      if (hasUnread(stream)) return this.#cutOff(stream, "stalled_answers");
      this.#stalled.delete(stream);
      stream.setTimeout(0);
    });
  }

  #cutOff(stream: ServerHttp2Stream, limit: Limit): void {
    countRefused(limit);
    stream.close(constants.NGHTTP2_CANCEL);
    stream.destroy();
  }

  #countIn(bucket: TokenBucket, limit: Limit): void {
    if (this.#session.destroyed || bucket.take(performance.now()) === 0) return;
    countRefused(limit);
    this.#end(`The client floods the connection with ${limit}`, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  /**
   * Has the client open another connection. What it sends until it knows is still answered (RFC 9113, section 6.8), for as long
   * as any call runs: Node reads no more from a connection that is left as soon as none does, so that it is closed then, and
   * what comes later refused at once, which says that it was not begun and may be sent again.
   */
  #leave(): void {
    if (this.#isLeaving || this.#session.closed || this.#session.destroyed) return;
    this.#isLeaving = true;
    this.#session.goaway(constants.NGHTTP2_NO_ERROR, HIGHEST_STREAM_ID);
    const { graceMs } = this.#options.limits;
    const noticeMs = this.#calls.size === 0 ? 0 : Math.min(MAX_NOTICE_MS, graceMs / 4);
    this.#after(noticeMs, () => this.#session.close());
    this.#after(graceMs, () => this.cutOff());
  }

  #end(why: string, code: number): void {
    const isClosed = this.#session.closed;
    this.#session.destroy(new Error(why), code);
    if (isClosed) this.#socket.destroy();
  }

  #after(ms: number, work: () => void): void {
    this.#timers.push(setTimeout(work, Math.min(ms, LONGEST_TIMER_MS)).unref());
  }
}

function hasUnread(stream: ServerHttp2Stream): boolean {
  return stream.writableLength > 0 || (stream.writableEnded && !stream.writableFinished);
}

/** Whether more of the request is to come. */
function isUnfinished(stream: ServerHttp2Stream): boolean {
  return !stream.endAfterHeaders && !stream.destroyed && stream.state.remoteClose !== 1;
}

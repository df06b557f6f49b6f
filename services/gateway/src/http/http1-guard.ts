import type { Socket } from "node:net";
import { countRefused } from "@ocellus/runtime/limit-metrics.ts";
import type { ConnectionLimits } from "@ocellus/runtime/limit-variables.ts";
import { LONGEST_TIMER_MS } from "@ocellus/runtime/session-guard.ts";
import type { HttpResponse } from "./node-http.ts";

/** Ends HTTP/1.1 connections that are old, and answers that their client does not take. What is slow to send Node ends by itself. */
export class Http1Guard {
  readonly #limits: Pick<ConnectionLimits, "answerMs" | "ageMs" | "graceMs">;
  readonly #openedAt = new WeakMap<Socket, number>();
  readonly #open = new Set<HttpResponse>();
  readonly #stalled = new WeakSet<HttpResponse>();
  readonly #timer: NodeJS.Timeout;

  constructor(limits: Pick<ConnectionLimits, "answerMs" | "ageMs" | "graceMs">) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#look(), Math.min(1000, limits.answerMs / 5)).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Takes a new connection under its eyes. */
  open(socket: Socket): void {
    this.#openedAt.set(socket, performance.now());
    const { ageMs, graceMs } = this.#limits;
    const end = setTimeout(() => socket.destroy(), Math.min(ageMs + graceMs, LONGEST_TIMER_MS)).unref();
    socket.once("close", () => clearTimeout(end));
  }

  /** Takes an answer that is about to be made under its eyes. On an old connection it is the last. */
  watch(socket: Socket, response: HttpResponse): void {
    if (performance.now() - (this.#openedAt.get(socket) ?? 0) > this.#limits.ageMs) response.shouldKeepAlive = false;
    this.#open.add(response);
    response.once("close", () => this.#open.delete(response));
  }

  #look(): void {
    for (const response of this.#open) {
      if (!hasUnread(response) || this.#stalled.has(response)) continue;
      this.#stalled.add(response);
      response.setTimeout(this.#limits.answerMs, () => {
        this.#stalled.delete(response);
        if (!hasUnread(response)) return response.setTimeout(0);
        countRefused("stalled_answers");
        return response.destroy();
      });
    }
  }
}

function hasUnread(response: HttpResponse): boolean {
  return response.writableLength > 0 || (response.writableEnded && !response.writableFinished);
}

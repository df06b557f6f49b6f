import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";

/** How many bytes of one stream may be handed to HTTP/2 before they are written; the last message may lead beyond it. */
export const MOST_UNWRITTEN_BYTES = 64 * 1024;

/**
 * Hands the messages of a stream to HTTP/2 without waiting for each to be written, so that those which are ready together share a
 * TLS record and a system call. By itself grpc-js writes each by its own. It is for streams whose messages are bytes.
 */
export const writeAhead: ServerInterceptor = ({ responseStream }, call) =>
  responseStream ? new WritingAhead(call) : (call as ServerInterceptingCall);

class WritingAhead extends ServerInterceptingCall {
  #unwritten = 0;
  readonly #waiting: (() => void)[] = [];

  override sendMessage(message: unknown, callback: () => void): void {
    // The library's own health and reflection services stream objects, whose length is not known yet.
    const length = Buffer.isBuffer(message) ? message.length : MOST_UNWRITTEN_BYTES;
    this.#unwritten += length;
    super.sendMessage(message, () => {
      this.#unwritten -= length;
      this.#waiting.shift()?.();
    });
    if (this.#unwritten < MOST_UNWRITTEN_BYTES) callback();
    else this.#waiting.push(callback);
  }
}

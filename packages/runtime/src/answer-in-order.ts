import type { Readable, Writable } from "node:stream";

/** How much of a stream may be under way at once. */
export interface UnderWay {
  /** How many requests. */
  most: number;
  /** How many bytes of requests; the last of them may lead beyond it. */
  mostBytes: number;
}

interface Request {
  bytes: number;
  outcome?: { answer: Buffer } | { error: unknown };
}

/**
 * Answers the requests of a stream, many at a time, in the order in which they came. Reads no more while too much is under way or
 * the caller does not take its answers, so that a fast one waits. Resolves when the caller has ended the stream and all is
 * answered, or is gone; rejects with the first failure, after the answers to the requests before it.
 *
 * It listens to the stream rather than iterate it: that costs a fifth of it, for a request of one event nearly all.
 */
export function answerInOrder(
  stream: Readable & Writable,
  { most, mostBytes }: UnderWay,
  answer: (request: Buffer) => Promise<Buffer>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const waiting: Request[] = [];
  /** How many at the start of `waiting` are answered: they leave it together. */
  let answered = 0;
  let bytes = 0;
  let ended = false;
  const isFull = () => waiting.length - answered >= most || bytes >= mostBytes;

  const settled = (request: Request, outcome: Request["outcome"]) => {
    request.outcome = outcome!;
    if (request === waiting[answered]) write();
  };
  const write = () => {
    while (answered < waiting.length && !stream.writableNeedDrain) {
      const { outcome, bytes: size } = waiting[answered]!;
      if (!outcome) break;
      if ("error" in outcome) {
        finish(() => reject(outcome.error));
        return;
      }
      answered++;
      bytes -= size;
      stream.write(outcome.answer);
    }
    if (answered === waiting.length || answered > most) {
      waiting.splice(0, answered);
      answered = 0;
    }
    if (ended && waiting.length === 0) finish(resolve);
    else if (stream.isPaused() && !isFull()) stream.resume();
  };
  const take = (request: Buffer) => {
    const entry: Request = { bytes: request.length };
    waiting.push(entry);
    bytes += request.length;
    answer(request).then(
      (bytes) => settled(entry, { answer: bytes }),
      (error) => settled(entry, { error }),
    );
    if (isFull()) stream.pause();
  };
  const end = () => {
    ended = true;
    write();
  };
  const gone = () => finish(resolve);
  const listeners = { data: take, end, drain: write, cancelled: gone, close: gone, error: gone };
  const finish = (how: () => void) => {
    for (const [event, listener] of Object.entries(listeners)) stream.off(event, listener);
    how();
  };
  for (const [event, listener] of Object.entries(listeners)) stream.on(event, listener);
  return promise;
}

import type { Socket } from "node:net";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/**
 * Tells `decided` whether a connection starts as HTTP/2 with prior knowledge (RFC 9113, section 3.4). What it looked at can
 * be read again. A connection that ends, or stays silent for `timeoutMs`, before that is known is destroyed.
 */
export function detectHttp2(socket: Socket, timeoutMs: number, decided: (isHttp2: boolean) => void): void {
  let seen = Buffer.alloc(0);
  const look = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    seen = Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, PREFACE.length);
    const isHttp2 = seen.subarray(0, length).equals(PREFACE.subarray(0, length));
    if (isHttp2 && length < PREFACE.length) return;
    stop();
    // Only now: what is put back while someone listens is announced again at once, without end.
    socket.unshift(seen);
    decided(isHttp2);
  };
  const giveUp = () => {
    stop();
    socket.destroy();
  };
  const events = { readable: look, end: giveUp, error: giveUp, close: giveUp };
  let late: NodeJS.Immediate | undefined;
  // What came while this process stood still is read first.
  const timer = setTimeout(() => {
    late = setImmediate(giveUp);
  }, timeoutMs);
  const stop = () => {
    clearTimeout(timer);
    clearImmediate(late);
    for (const [event, listener] of Object.entries(events)) socket.off(event, listener);
  };
  for (const [event, listener] of Object.entries(events)) socket.on(event, listener);
}

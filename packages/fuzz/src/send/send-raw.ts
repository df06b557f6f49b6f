import { connect, type Socket } from "node:net";
import type { Answer } from "../judge.ts";

/** Whoever has said nothing more for so long waits for more bytes. */
const SILENT_MS = 80;
/** However long it goes on. */
const ENOUGH_MS = 1000;

/** Writes bytes to a new connection, and reads what comes until it is closed or silent. */
export async function sendRaw(open: () => Socket, bytes: Uint8Array): Promise<Buffer> {
  const socket = open();
  const chunks: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  let silent: NodeJS.Timeout | undefined;
  const listen = () => {
    clearTimeout(silent);
    silent = setTimeout(resolve, SILENT_MS);
  };
  const enough = setTimeout(resolve, ENOUGH_MS);
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    listen();
  });
  // Whether the end is a reset or a close is the same to a client that sent nonsense.
  socket.on("error", resolve as () => void);
  socket.on("close", resolve as () => void);
  socket.write(bytes, listen);
  await promise;
  clearTimeout(silent);
  clearTimeout(enough);
  socket.destroy();
  return Buffer.concat(chunks);
}

/** To a port of this machine. */
export const plainSocket = (port: number) => () => connect(port, "127.0.0.1");

/** The answers of HTTP/1.1 in what came: the worst of them counts. */
export function http1Answer(received: Buffer): Answer {
  const text = received.toString("latin1");
  const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => status!);
  const status = statuses.toSorted().at(-1) ?? "closed";
  return { status, failed: status >= "400", text };
}

const HEADERS = 1;
const GOAWAY = 7;
/** The statuses of which HPACK has a header whole (RFC 7541, appendix A). */
const INDEXED = new Map([
  [0x88, "200"],
  [0x89, "204"],
  [0x8a, "206"],
  [0x8b, "304"],
  [0x8c, "400"],
  [0x8d, "404"],
  [0x8e, "500"],
]);

/** The answers of HTTP/2 in what came: a 500 counts before all others. */
export function http2Answer(received: Buffer): Answer {
  const statuses: string[] = [];
  let end = "closed";
  for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
    const type = received[at + 3];
    if (type === HEADERS) statuses.push(INDEXED.get(received[at + 9]!) ?? "another status");
    if (type === GOAWAY) end = "GOAWAY";
  }
  const status = statuses.includes("500") ? "500" : (statuses.at(-1) ?? end);
  return { status, failed: status !== "200", text: received.toString("latin1") };
}

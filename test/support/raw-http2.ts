import type { Duplex } from "node:stream";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADER_BYTES = 9;

/** The types of frames (RFC 9113, section 6). */
export const Type = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** The flags of frames. */
export const Flag = { NONE: 0, ACK: 1, END_STREAM: 1, END_HEADERS: 4 } as const;

/** A frame as it was received. */
export interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

/** The bytes of a frame. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** A header block (RFC 7541) of literals that nobody is to remember. */
export function headerBlock(headers: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** The headers of a request. */
export function requestHeaders(path: string, more: Record<string, string> = {}): Buffer {
  const own = { ":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost" };
  return headerBlock(Object.entries({ ...own, ...more }));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([length(bytes.length), bytes]);
}

/** An integer with a prefix of seven bits. */
function length(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** A client of HTTP/2 that sends what no library would. */
export class RawHttp2 {
  readonly frames: Frame[] = [];
  /** Resolves when the connection is closed, by whichever side. */
  readonly closed: Promise<void>;
  readonly #socket: Duplex;
  #unread = Buffer.alloc(0);

  readonly #acknowledges: boolean;

  /**
   * @param settings the payload of its first SETTINGS frame
   * @param acknowledges whether it takes the server's settings
   */
  constructor(socket: Duplex, settings: Uint8Array = Buffer.alloc(0), acknowledges = true) {
    this.#socket = socket;
    this.#acknowledges = acknowledges;
    this.closed = new Promise((resolve) => socket.on("error", () => {}).once("close", () => resolve()));
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.write(PREFACE);
    this.send(frame(Type.SETTINGS, Flag.NONE, 0, settings));
  }

  /** Sends bytes, and answers whether the server takes them as fast as they come. */
  send(...bytes: Buffer[]): boolean {
    return this.#socket.destroyed || this.#socket.write(Buffer.concat(bytes));
  }

  /** Sends the same again and again until the connection is closed. Answers how many bytes it took. */
  async flood(bytes: Buffer, mostBytes = 512 * 1024 * 1024): Promise<number> {
    let sent = 0;
    while (!this.#socket.destroyed && sent < mostBytes) {
      sent += bytes.length;
      if (!this.send(bytes)) await this.#drained();
      else await new Promise(setImmediate);
    }
    return sent;
  }

  /** The error code with which the server has closed the connection; undefined where it has not. */
  goaway(): number | undefined {
    return this.frames.findLast(({ type }) => type === Type.GOAWAY)?.payload.readUInt32BE(4);
  }

  /** The error code with which the server has reset a stream; undefined where it has not. */
  reset(stream: number): number | undefined {
    return this.frames.find((one) => one.type === Type.RST_STREAM && one.stream === stream)?.payload.readUInt32BE(0);
  }

  /** Resolves when both sides have taken the settings of the other. */
  async settled(): Promise<void> {
    while (!this.frames.some(({ type, flags }) => type === Type.SETTINGS && flags === Flag.ACK)) {
      await new Promise((resolve) => this.#socket.once("data", resolve));
    }
    const payload = Buffer.from("settled?");
    this.send(frame(Type.PING, Flag.NONE, 0, payload));
    while (!this.frames.some((one) => one.type === Type.PING && one.payload.equals(payload))) {
      await new Promise((resolve) => this.#socket.once("data", resolve));
    }
  }

  #drained(): Promise<unknown> {
    return Promise.race([new Promise((resolve) => this.#socket.once("drain", resolve)), this.closed]);
  }

  #take(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    for (;;) {
      if (this.#unread.length < HEADER_BYTES) return;
      const size = HEADER_BYTES + this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < size) return;
      const [type, flags] = [this.#unread[3]!, this.#unread[4]!];
      const stream = this.#unread.readUInt32BE(5) & 0x7fffffff;
      this.frames.push({ type, flags, stream, payload: this.#unread.subarray(HEADER_BYTES, size) });
      this.#unread = this.#unread.subarray(size);
      if (type === Type.SETTINGS && flags !== Flag.ACK && this.#acknowledges)
        this.send(frame(Type.SETTINGS, Flag.ACK, 0));
    }
  }
}

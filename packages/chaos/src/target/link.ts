import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { resetSocket } from "./reset-socket.ts";

/** How a network may be cut. */
export const CUTS = ["reset", "blackhole", "delay"] as const;

/**
 * - reset: connections are reset, and new ones too.
 * - blackhole: nothing passes and nobody is told; when the link is mended, connections of that time are gone.
 * - delay: nothing passes; when the link is mended, all that was sent meanwhile arrives.
 */
export type Cut = (typeof CUTS)[number];

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** A stretch of network between a service and what it calls, that can be cut. It listens on `port` of 127.0.0.1. */
export class Link {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #cut: Cut | undefined;

  private constructor(port: number, targetPort: number) {
    this.port = port;
    this.#server = createServer((near) => this.#join(near, connect(targetPort, "127.0.0.1")));
  }

  /** Opens a link from `port` to `targetPort`. */
  static async open(port: number, targetPort: number): Promise<Link> {
    const link = new Link(port, targetPort);
    link.#server.listen(port, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  cut(how: Cut): void {
    this.#cut = how;
    for (const pair of this.#pairs) this.#interrupt(pair, how);
  }

  mend(): void {
    const cut = this.#cut;
    this.#cut = undefined;
    for (const pair of this.#pairs) {
      if (cut === "blackhole") reset(pair);
      else connectBoth(pair);
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const pair of this.#pairs) reset(pair);
    await closed;
  }

  #join(near: Socket, far: Socket): void {
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const socket of [near, far]) {
      socket.setNoDelay();
      // Whatever ends one end of it ends the other; the two services tell of it, each in its way.
      socket.on("error", () => reset(pair));
      socket.on("close", () => {
        this.#pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
    if (this.#cut) this.#interrupt(pair, this.#cut);
    else connectBoth(pair);
  }

  #interrupt(pair: Pair, how: Cut): void {
    if (how === "reset") {
      reset(pair);
      return;
    }
    for (const [from, to] of ways(pair)) {
      from.unpipe(to);
      from.pause();
    }
  }
}

const ways = ({ near, far }: Pair) => [[near, far] as const, [far, near] as const];

function connectBoth(pair: Pair): void {
  for (const [from, to] of ways(pair)) from.pipe(to);
}

function reset({ near, far }: Pair): void {
  resetSocket(near);
  resetSocket(far);
}

import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A link of the network between clients and a server, which a test can cut. */
export interface CuttableLink extends AsyncDisposable {
  /** Where clients connect. */
  port: number;
  /** From now on nothing comes through, and nobody is told: neither on open connections nor on new ones. */
  cut(): void;
  /** How many clients are connected. */
  clients(): number;
  /** New connections come through again; those from before stay dead. */
  mend(): void;
}

/** Starts a link to a port of this machine. */
export async function startLink(target: number): Promise<CuttableLink> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  };
  const clients = new Set<Socket>();
  const server = createServer((near) => {
    keep(near);
    clients.add(near);
    near.once("close", () => clients.delete(near));
    if (isCut) return;
    const far = connect(target, "127.0.0.1");
    keep(far);
    near.pipe(far).pipe(near);
    near.once("close", () => far.destroy());
    far.once("close", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    clients: () => clients.size,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    mend() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

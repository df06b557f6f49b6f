import type { Socket } from "node:net";

/**
 * Resets a connection. One that is just being ended is closed instead: Node cannot reset it then (EINVAL), and would not close it
 * either, nor ever exit.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

import { type Client, connectivityState } from "@grpc/grpc-js";
import { serviceUnavailable } from "./service-error.ts";

/** How long a connection may take to come about. A host that drops packets would keep a caller waiting for far longer. */
const CONNECT_MS = 1500;

/**
 * Waits until a channel is connected, or has failed to connect: a call upon it then is answered at once. Throws UNAVAILABLE
 * where it takes too long. A connected channel costs no wait.
 */
export async function requireReach(client: Client, name: string, signal?: AbortSignal): Promise<void> {
  const channel = client.getChannel();
  const deadline = Date.now() + CONNECT_MS;
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state !== connectivityState.IDLE && state !== connectivityState.CONNECTING) return;
    if (signal?.aborted) return;
    await new Promise<void>((resolve, reject) => {
      channel.watchConnectivityState(state, deadline, (error) =>
        error ? reject(serviceUnavailable(name, error)) : resolve(),
      );
    });
  }
}

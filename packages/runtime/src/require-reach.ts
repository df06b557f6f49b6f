import type { DescMethod } from "@bufbuild/protobuf";
import { type Client, connectivityState, status } from "@grpc/grpc-js";
import { answeredStatus, isGrpcError } from "./answered-status.ts";
import { serviceUnavailable } from "./service-error.ts";

/**
 * A connection may take 1.5 s to come about: a host that drops packets would keep a caller waiting for far longer. It is waited
 * for by short looks, so that a process that stood still for longer reads what has come meanwhile before it gives up.
 */
const LOOK_MS = 100;
const LOOKS = 15;

/**
 * Waits until a channel is connected, or has failed to connect: a call upon it then is answered at once. Throws UNAVAILABLE
 * where it takes too long. A connected channel costs no wait.
 */
export async function requireReach(client: Client, name: string, signal?: AbortSignal): Promise<void> {
  const channel = client.getChannel();
  for (let looks = LOOKS; ; ) {
    const state = channel.getConnectivityState(true);
    if (state !== connectivityState.IDLE && state !== connectivityState.CONNECTING) return;
    if (signal?.aborted) return;
    const unchanged = await new Promise<Error | undefined>((resolve) => {
      channel.watchConnectivityState(state, Date.now() + LOOK_MS, resolve);
    });
    if (unchanged && --looks === 0) throw serviceUnavailable(name, unchanged);
  }
}

/** How a call of a service is made. */
interface ReachingCall<T> {
  client: Client;
  /** Of the service, for messages. */
  name: string;
  method: DescMethod;
  signal?: AbortSignal | undefined;
  call(): Promise<T>;
}

/**
 * Calls as soon as the channel is connected, or throws as `requireReach` does. A call that only reads is made once more where its
 * connection broke before the answer: a replica that is gone takes no answer with it. Of any other nobody knows whether it was
 * done, so that only its caller can say whether it may be repeated.
 */
export async function callReached<T>({ client, name, method, signal, call }: ReachingCall<T>): Promise<T> {
  await requireReach(client, name, signal);
  try {
    return await call();
  } catch (error) {
    if (!isRead(method) || !isLost(error) || signal?.aborted) throw error;
    await requireReach(client, name, signal);
    return call();
  }
}

/** The contract names what only reads by these verbs. */
function isRead({ name }: DescMethod): boolean {
  return /^(Get|List|Query)[A-Z]/.test(name);
}

/** Whether the transport says so, and no service. */
function isLost(error: unknown): boolean {
  return isGrpcError(error) && error.code === status.UNAVAILABLE && !answeredStatus(error);
}

import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { NatsError, type StoredMsg } from "nats";
import type { Queue } from "./nats.ts";
import { unavailable } from "./service-error.ts";

/** What NATS answers. Throws UNAVAILABLE where it does not. */
export async function reached<T>(queue: Queue, ask: () => Promise<T>): Promise<T> {
  let cause: unknown;
  try {
    if (queue.connected()) return await ask();
  } catch (error) {
    if (!(error instanceof NatsError) || error.isJetStreamError() || error.isPermissionError()) throw error;
    cause = error;
  }
  const message = "NATS does not answer, which knows what is not stored and not counted yet; try again";
  throw unavailable(message, ErrorReason.QUEUE_UNAVAILABLE, cause);
}

const NO_MESSAGE = 404;

/** A message of a stream; undefined where there is none at this place: it may leave its stream at any time. */
export function messageAt(queue: Queue, stream: string, seq: number): Promise<StoredMsg | undefined> {
  return reached(queue, async () => {
    try {
      return await queue.manager.streams.getMessage(stream, { seq });
    } catch (error) {
      if (error instanceof NatsError && error.api_error?.code === NO_MESSAGE) return undefined;
      throw error;
    }
  });
}

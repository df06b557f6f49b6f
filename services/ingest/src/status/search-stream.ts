import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { messageAt, reached } from "@ocellus/runtime/reached-queue.ts";
import { type ServiceError, unavailable } from "@ocellus/runtime/service-error.ts";

/** How many messages are searched, and for how long. */
const MAX_MESSAGES = 1000;
const MAX_MS = 1000;
/** How many messages are asked for at once. */
const AT_ONCE = 50;

/** A message of a stream. */
export interface Waiting {
  seq: number;
  data: Uint8Array;
}

/** What is searched for. */
export interface Search {
  /** A text that the message holds, such as an id: few of the others are looked at closely. */
  text: string;
  /** Whether a message that holds the text is the one. */
  matches?: (data: Uint8Array) => boolean;
  /** Only messages after this one. */
  afterSeq?: number;
}

/**
 * The newest message that matches; undefined where none does. Throws UNAVAILABLE where it was
 * not found and there are more messages than can be searched, and where NATS cannot be reached.
 */
export async function searchStream(
  queue: Queue,
  stream: string,
  { text, matches = () => true, afterSeq = 0 }: Search,
): Promise<Waiting | undefined> {
  const { state } = await reached(queue, () => queue.manager.streams.info(stream));
  const first = Math.max(state.first_seq, afterSeq + 1);
  const end = Date.now() + MAX_MS;
  if (state.messages === 0) return undefined;
  for (let newest = state.last_seq; newest >= first; newest -= AT_ONCE) {
    if (state.last_seq - newest >= MAX_MESSAGES || Date.now() > end) throw tooMany(stream, state.messages);
    const seqs = Array.from({ length: Math.min(AT_ONCE, newest - first + 1) }, (_, index) => newest - index);
    const messages = await Promise.all(seqs.map((seq) => messageAt(queue, stream, seq)));
    const found = messages.find(
      (message) => message && Buffer.from(message.data).includes(text) && matches(message.data),
    );
    if (found) return found;
  }
  return undefined;
}

function tooMany(stream: string, waiting: number): ServiceError {
  const message = `${waiting} messages wait in ${stream}, more than are searched for one event; ask again when they are fewer`;
  return unavailable(message, ErrorReason.QUEUE_UNAVAILABLE, undefined, 5000);
}

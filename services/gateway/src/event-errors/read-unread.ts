import { MAX_PAYLOAD_BYTES } from "@ocellus/event-rules/kept-payload.ts";
import { within } from "@ocellus/runtime/within.ts";
import type { HttpRequest } from "../http/node-http.ts";
import { type ReceivedBody, readBody } from "../http/read-body.ts";
import { tooLarge } from "../rpc/message-limits.ts";

/** How long a client may take to send what was refused before it was read. */
const PATIENCE_MS = 1000;

/** Reads as much of a body that was refused unread as is kept of it. A client that is slow or gone ends it. */
export async function readUnread(request: HttpRequest, body: ReceivedBody, inHandBytes: number): Promise<void> {
  if (body.bytes) return;
  const maxBytes = MAX_PAYLOAD_BYTES;
  await within(
    PATIENCE_MS,
    readBody(request, { maxBytes, inHandBytes }, () => tooLarge(maxBytes), body),
  ).catch(() => {});
}

import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import { EventSchema } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import { type NamespaceLimit, namespaceDenied } from "@ocellus/runtime/namespace-limit.ts";
import { Code } from "@ocellus/runtime/service-error.ts";
import type { RefusedEvent } from "./take-event.ts";

/**
 * An encoded event with PERMISSION_DENIED where its namespace is not open to its sender; undefined where it is. It is asked before anything
 * else of the event, so that nothing of it comes to those who may look into that namespace.
 */
export function deniedEvent(limit: NamespaceLimit | undefined, bytes: Uint8Array): RefusedEvent | undefined {
  if (!limit) return undefined;
  const event = decode(EventSchema, bytes);
  const { namespace = DEFAULT_NAMESPACE } = event;
  return limit.allows(namespace) ? undefined : { event, error: namespaceDenied(namespace, limit) };
}

/** Whether an event was refused because of its namespace. */
export function isDenied({ error }: RefusedEvent): boolean {
  return error.code === Code.PERMISSION_DENIED;
}

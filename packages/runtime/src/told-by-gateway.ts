import type { Caller } from "./caller.ts";

/** The name in the certificate of the gateway, whose word counts for where a call came from. */
const GATEWAY_NAME = "gateway";

/** The keys of the metadata in which the gateway tells of its own caller. */
export const TOLD_TRANSPORT = "ocellus-transport";
export const TOLD_ADDRESS = "ocellus-address";
export const TOLD_REFUSALS = "ocellus-refusals";

/** The value of TOLD_REFUSALS where the gateway itself keeps the events that are refused, as it knows what was sent. */
export const KEPT_BY_CALLER = "kept-by-caller";

/** The key by which the gateway tells whose the events of a batch are. */
export const TOLD_SENDERS = "ocellus-senders";

/** The value of TOLD_SENDERS where each event came by itself, and its sender is answered alone. */
export const ONE_FOR_EACH = "one-for-each";

/** What a caller tells, if it is the gateway: nobody else is believed. */
export function toldByGateway(caller: Caller, key: string): string | undefined {
  return caller.name === GATEWAY_NAME ? caller.told(key) : undefined;
}

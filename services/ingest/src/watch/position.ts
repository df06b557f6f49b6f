import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { isUuid } from "@ocellus/runtime/is-uuid.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { isMicros, type Micros } from "@ocellus/runtime/time.ts";
import { partsIn, tokenFrom } from "@ocellus/runtime/token-parts.ts";
import { parseSnapshot, type Snapshot } from "./snapshot.ts";

/** The place of an event in the order in which a span is read: by transaction, then by id, then by time. */
export interface Place {
  xid: bigint;
  id: string;
  /**
   * Only where another event of this transaction and id follows: an update may give an event another time, and it must not
   * follow itself.
   */
  timestamp?: Micros;
}

/** The events that became visible between two snapshots, from a place on. */
export interface Span {
  from: Snapshot;
  to: Snapshot;
  after?: Place;
}

/** How far a watch has come: it has read all that `from` sees, and of what came until `to` the part up to `after`. */
export interface Position {
  from: Snapshot;
  /** Absent where all of a span was read. */
  rest?: { to: Snapshot; after: Place };
}

/**
 * The resume token of a position.
 *
 * @param origin what tells this database from all others
 */
export function tokenOf({ from, rest }: Position, origin: string): string {
  const parts = [origin, from.text];
  if (rest) {
    const { to, after } = rest;
    parts.push(to.text, String(after.xid), after.id);
    if (after.timestamp !== undefined) parts.push(String(after.timestamp));
  }
  return tokenFrom(parts);
}

/**
 * The position in a resume token. Throws INVALID_ARGUMENT for one that this database did not give.
 *
 * @param now a snapshot that was taken after the token came
 */
export function positionIn(token: string, origin: string, now: Snapshot): Position {
  const [tokenOrigin, from = "", to, xid = "", id = "", timestamp, ...more] = partsIn(token) ?? [];
  const position = { from: parseSnapshot(from), to: to === undefined ? undefined : parseSnapshot(to) };
  const isWhole =
    to === undefined || (position.to && /^\d{1,20}$/.test(xid) && isUuid(id) && isMicros(timestamp ?? "0"));
  if (tokenOrigin !== origin || !position.from || !isWhole || more.length > 0) throw invalidToken();
  if (position.from.xmax > now.xmax || (position.to && position.to.xmax > now.xmax)) throw invalidToken();
  if (!position.to) return { from: position.from };
  if (BigInt(xid) >= position.to.xmax) throw invalidToken();
  const after = { xid: BigInt(xid), id, ...(timestamp !== undefined && { timestamp: BigInt(timestamp) }) };
  return { from: position.from, rest: { to: position.to, after } };
}

function invalidToken() {
  const description = "is not a resume_token that WatchEvents of this database gave; watch without it";
  return invalidArgument([{ field: "resume_token", description }], ErrorReason.INVALID_RESUME_TOKEN);
}

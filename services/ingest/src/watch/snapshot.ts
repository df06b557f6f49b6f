/**
 * A moment of PostgreSQL: which transactions are committed or aborted, and which are not over. Of two snapshots the later sees
 * all that the earlier sees, so what was stored between them is known exactly, in whatever order transactions began and ended.
 */
export interface Snapshot {
  /** As pg_snapshot writes it. */
  text: string;
  /** All transactions before it are over. */
  xmin: bigint;
  /** No transaction from it on is over. */
  xmax: bigint;
}

/** Reads a snapshot as PostgreSQL writes it, such as "10:20:10,14"; undefined where the text is none. */
export function parseSnapshot(text: string): Snapshot | undefined {
  const [, min, max, running] = /^(\d{1,20}):(\d{1,20}):((?:\d{1,20}(?:,\d{1,20})*)?)$/.exec(text) ?? [];
  if (min === undefined || max === undefined || running === undefined) return undefined;
  const [xmin, xmax] = [BigInt(min), BigInt(max)];
  const ascending = [xmin, ...(running === "" ? [] : running.split(",").map(BigInt)), xmax];
  const isOrdered = ascending.every((xid, index) => index < 2 || xid > ascending[index - 1]! || running === "");
  return xmin > 0n && xmin <= xmax && ascending[1]! >= xmin && isOrdered ? { text, xmin, xmax } : undefined;
}

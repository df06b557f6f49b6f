import type { LimitConfig } from "@ocellus/runtime/limit-variables.ts";

/** How much of bodies is read. */
export interface BodyLimits {
  /** What all bodies together may have, of requests that are not answered yet. Read JSON takes several times as much. */
  inHandBytes: number;
  /** The largest message of an RPC that is read, also once it is decompressed: far above what the services accept, so that they refuse it by its field. */
  messageBytes: number;
  /** How deep JSON may nest. What it may hold by the contract is far less deep. */
  jsonDepth: number;
}

/** What the configuration says of it. */
export function bodyLimitsOf(
  config: Pick<LimitConfig, "MESSAGE_MAX_BYTES"> & { BODIES_MAX_BYTES: number; JSON_MAX_DEPTH: number },
): BodyLimits {
  return {
    inHandBytes: config.BODIES_MAX_BYTES,
    messageBytes: config.MESSAGE_MAX_BYTES,
    jsonDepth: config.JSON_MAX_DEPTH,
  };
}

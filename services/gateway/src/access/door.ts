import { DEFAULT_NAMESPACE } from "@ocellus/event-rules/default-namespace.ts";
import type { Logger } from "pino";
import type { KeepRefused, Refusal } from "../event-errors/keep-refused.ts";
import type { BodyLimits } from "../http/body-limits.ts";
import type { Authenticator } from "./authenticate.ts";
import type { Principal } from "./principal.ts";

/** What every door of the gateway works with. */
export interface Door {
  authenticator: Authenticator;
  keep: KeepRefused;
  limits: BodyLimits;
  log: Logger;
}

/** Keeps refusals as `keep` does, but none of a namespace that is not open to its sender: it would be seen by others there. */
export function keepFor({ namespaces }: Principal, keep: KeepRefused): KeepRefused {
  if (!namespaces) return keep;
  return async (refusals) => {
    const own = refusals.filter(isOpen);
    if (own.length > 0) await keep(own);
  };
  function isOpen({ namespace, event }: Refusal): boolean {
    const named = namespace ?? (event && (event.namespace ?? DEFAULT_NAMESPACE));
    return named === undefined || namespaces!.allows(named);
  }
}

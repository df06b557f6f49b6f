import { type KoaContextWithOIDC, Provider } from "oidc-provider";
import { isSecretOf } from "../clients/secret.ts";
import type { KeptClient } from "./client-adapter.ts";
import type { TokenLimits } from "./token-limits.ts";

const byPrevious = new WeakSet<object>();

/** Whether the client of this token request was known by the secret that it had before. */
export function isByPrevious(context: KoaContextWithOIDC): boolean {
  return byPrevious.has(context);
}

/** Lets the library compare secrets by their hashes. More than can be compared in good time are refused, for a moment. */
export function compareSecrets(provider: Provider, limits: TokenLimits): void {
  const compare = async function (this: object, actual: string): Promise<boolean> {
    const context = Provider.ctx;
    const { clientId, ocellus_client: kept } = this as { clientId: string; ocellus_client: KeptClient };
    const work = async () => {
      if (await isSecretOf(kept.secretHash, actual)) return true;
      const { previousSecretHash: previous, previousSecretExpires: until } = kept;
      if (previous === null || until * 1000 <= Date.now() || !(await isSecretOf(previous, actual))) return false;
      if (context) byPrevious.add(context);
      return true;
    };
    return limits.compare(clientId, work, context);
  };
  Object.assign(provider.Client.prototype, { compareClientSecret: compare });
}

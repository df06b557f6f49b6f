import type { EntityManager } from "@mikro-orm/postgresql";
import { type Micros, nowMicros } from "@ocellus/runtime/time.ts";
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { sql } from "kysely";
import { SigningKey } from "../entities/signing-key.ts";

/** What tokens are signed with. */
export const ALGORITHM = "ES256";

/** For how long a new key is published before it signs: those who verify our tokens may keep what we publish for as long. */
const PUBLISHED_BEFORE_MS = 5 * 60_000;
/** For how long a key is known after the last token that it signed has expired: clocks differ. */
const SLACK_MS = 5 * 60_000;

/** How long keys and tokens live. */
export interface Lifetimes {
  keyMs: number;
  tokenMs: number;
}

/** A key as it is held in memory. */
export interface LoadedKey {
  id: string;
  privateJwk: JWK;
  verifying: CryptoKey;
  signTime: Micros;
}

/** The keys that sign our tokens, the same in all gateways, and renewed in time. */
export class SigningKeys {
  readonly #em: EntityManager;
  readonly #lifetimes: Lifetimes;
  #keys: readonly LoadedKey[] = [];

  constructor(em: EntityManager, lifetimes: Lifetimes) {
    this.#em = em;
    this.#lifetimes = lifetimes;
  }

  /** All that may have signed a token that counts, or will, latest first. A list never changes: another one takes its place. */
  get all(): readonly LoadedKey[] {
    return this.#keys;
  }

  /** Reads which keys there are. */
  async refresh(): Promise<void> {
    const ids = await this.#em
      .fork()
      .find(SigningKey, {}, { fields: ["id"], orderBy: { signTime: "desc", id: "desc" } });
    if (ids.map(({ id }) => id).join() === this.#keys.map(({ id }) => id).join()) return;
    const rows = await this.#em.fork().findAll(SigningKey, { orderBy: { signTime: "desc", id: "desc" } });
    this.#keys = await Promise.all(rows.map(load));
  }

  /** Makes a key where there is none, or the last one is old; forgets those whose tokens have all expired. */
  async renew(): Promise<void> {
    const { keyMs, tokenMs } = this.#lifetimes;
    await this.#em.fork().transactional(async (tx) => {
      await sql`select pg_advisory_xact_lock(hashtext('ocellus signing keys'))`.execute(tx.getKysely());
      const now = nowMicros();
      const keys = await tx.findAll(SigningKey, { orderBy: { signTime: "desc" } });
      const [last] = keys;
      if (!last || last.createTime + micros(keyMs) <= now) {
        const leadMs = last ? Math.min(PUBLISHED_BEFORE_MS, keyMs / 2) : 0;
        await tx.insert(SigningKey, { ...(await newKey()), createTime: now, signTime: now + micros(leadMs) });
      }
      // A key signs until the next one does.
      const past = keys.filter((_, index) => index > 0 && keys[index - 1]!.signTime + micros(tokenMs + SLACK_MS) < now);
      await tx.nativeDelete(SigningKey, { id: { $in: past.map(({ id }) => id) } });
    });
    await this.refresh();
  }
}

/** The key that signs at this moment. Throws where there is none. */
export function signingAmong(keys: readonly LoadedKey[], now = nowMicros()): LoadedKey {
  const key = keys.find(({ signTime }) => signTime <= now) ?? keys.at(-1);
  if (!key) throw new Error("There is no key that could sign a token");
  return key;
}

/** A new key pair. Its id is the thumbprint of the public one (RFC 7638). */
export async function newKey(): Promise<{ id: string; privateJwk: JWK }> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const id = await calculateJwkThumbprint(jwk);
  return { id, privateJwk: { ...jwk, kid: id, alg: ALGORITHM, use: "sig" } };
}

/** A key ready to verify with. */
export async function load({
  id,
  privateJwk,
  signTime,
}: Pick<LoadedKey, "id" | "privateJwk" | "signTime">): Promise<LoadedKey> {
  const { d: _, ...publicJwk } = privateJwk;
  return { id, privateJwk, signTime, verifying: (await importJWK(publicJwk, ALGORITHM)) as CryptoKey };
}

function micros(ms: number): Micros {
  return BigInt(Math.round(ms)) * 1000n;
}

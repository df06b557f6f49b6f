import { isDatabaseUnavailable } from "@ocellus/runtime/database-errors.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import { type Adapter, type AdapterConstructor, type AdapterPayload, Provider } from "oidc-provider";
import type { Client } from "../entities/client.ts";
import { tryLater } from "./try-later.ts";

/** Finds a client; undefined where there is none. */
export type FindClient = (id: string) => Promise<Client | undefined>;

/** The metadata of a client that the library does not know, under which it holds what is ours. */
export const CLIENT_METADATA = ["ocellus_client"] as const;

/** What the library keeps of a client as our metadata: all of it is part of the client's identity, so that a changed one is another. */
export interface KeptClient {
  name: string;
  scopes: string[];
  namespaces: string[];
  version: number;
  secretHash: string;
  previousSecretHash: string | null;
  /** In seconds since 1970; 0 where the secret before does not work. */
  previousSecretExpires: number;
}

/** Lets the library find clients. Our tokens are signed, and kept nowhere, so that it has nothing else to keep. */
export function clientAdapter(find: FindClient): AdapterConstructor {
  return class implements Adapter {
    readonly #model: string;

    constructor(model: string) {
      this.#model = model;
    }

    async find(id: string): Promise<AdapterPayload | undefined> {
      if (this.#model !== "Client") return this.#nothing();
      const client = await find(id).catch((error) => {
        throw isAway(error) ? tryLater(503, "PostgreSQL cannot be reached", 1000, Provider.ctx) : error;
      });
      return client && metadataOf(client);
    }

    upsert = () => this.#nothing();
    findByUserCode = () => this.#nothing();
    findByUid = () => this.#nothing();
    consume = () => this.#nothing();
    destroy = () => this.#nothing();
    revokeByGrantId = () => this.#nothing();

    #nothing(): never {
      throw new Error(`A ${this.#model} is kept nowhere: tokens of clients are signed`);
    }
  } as AdapterConstructor;
}

function isAway(error: unknown): boolean {
  return isDatabaseUnavailable(error) || (error instanceof ServiceError && error.code === Code.UNAVAILABLE);
}

function metadataOf(client: Client): AdapterPayload {
  const kept: KeptClient = {
    name: client.displayName,
    scopes: client.scopes,
    namespaces: client.namespaces,
    version: client.version,
    secretHash: client.secretHash,
    previousSecretHash: client.previousSecretHash ?? null,
    previousSecretExpires: Number((client.previousSecretWorksUntil() ?? 0n) / 1_000_000n),
  };
  return {
    client_id: client.id,
    // It asks for one; ours is compared by its hash.
    client_secret: "unused",
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    scope: client.scopes.join(" "),
    ocellus_client: kept,
  } as AdapterPayload;
}

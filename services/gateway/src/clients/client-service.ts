import { create } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import type { EntityManager } from "@mikro-orm/postgresql";
import {
  ClientSchema,
  type ClientService,
  type CreateClientRequest,
  type UpdateClientRequest,
} from "@ocellus/proto/ocellus/access/v1/client_service_pb.ts";
import { applyMask } from "@ocellus/runtime/apply-mask.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import { listNewestFirst } from "@ocellus/runtime/list-newest-first.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { nowMicros } from "@ocellus/runtime/time.ts";
import { Client } from "../entities/client.ts";
import { checkClient } from "./client-problems.ts";
import { changeClient, requireClient } from "./find-client.ts";
import { registerClient } from "./register-client.ts";
import { hashSecret, newSecret } from "./secret.ts";
import type { ClientVersions } from "./versions.ts";

const OUTPUT_ONLY = ["create_time", "update_time", "secret_create_time", "previous_secret_expire_time"];
const RULES = { fixed: ["id"], outputOnly: OUTPUT_ONLY, keptByStar: [] };

const MAX_KEEP_MS = 7 * 86_400_000;

/** The RPCs about clients. What ends tokens ends them in this gateway at once, and in others within a second. */
export function clientService(em: EntityManager, versions: ClientVersions): Handlers<typeof ClientService> {
  return {
    async createClient(request) {
      const asked = requireGiven(request);
      const scopes = checkClient(asked);
      const { displayName, namespaces } = asked;
      const { client, secret } = await registerClient(em, { displayName, scopes, namespaces });
      return { client: client.toMessage(), clientSecret: secret };
    },
    async getClient({ id }) {
      return { client: (await requireClient(em.fork(), id)).toMessage() };
    },
    async listClients(request) {
      const { rows, nextPageToken } = await listNewestFirst(em, Client, {
        texts: {},
        min: ["create_time_min", undefined],
        max: ["create_time_max", undefined],
        key: ["create_time", "id"],
        page: request,
        also: { conditions: [{ revokeTime: null }], given: [], problems: [] },
      });
      return { clients: rows.map((client) => client.toMessage()), nextPageToken };
    },
    async updateClient(request) {
      const changes = requireGiven(request);
      const client = await changeClient(em, changes.id, (stored) => {
        const before = create(ClientSchema, stored.toMessage());
        const changed = applyMask(ClientSchema, before, changes, request.updateMask?.paths ?? [], RULES);
        const scopes = checkClient(changed);
        const mayElse = String(stored.scopes) !== String(scopes) || !isSame(stored.namespaces, changed.namespaces);
        stored.displayName = changed.displayName;
        stored.scopes = scopes;
        stored.namespaces = changed.namespaces;
        return mayElse;
      });
      await versions.refresh();
      return { client: client.toMessage() };
    },
    async rotateClientSecret({ id, keepPreviousFor }) {
      const keepMs = keepPreviousFor ? durationMs(keepPreviousFor) : 0;
      if (keepMs < 0 || keepMs > MAX_KEEP_MS) {
        throw invalidArgument([
          { field: "keep_previous_for", description: "must be from 0s to 604800s, which is 7 days" },
        ]);
      }
      const secret = newSecret();
      const hash = await hashSecret(secret);
      const client = await changeClient(em, id, (stored) => {
        const now = nowMicros();
        stored.previousSecretHash = keepMs > 0 ? stored.secretHash : null;
        stored.previousSecretExpireTime = keepMs > 0 ? now + BigInt(Math.round(keepMs * 1000)) : null;
        stored.secretHash = hash;
        stored.secretCreateTime = now;
        return true;
      });
      await versions.refresh();
      return { client: client.toMessage(), clientSecret: secret };
    },
    async deleteClient({ id }) {
      await changeClient(em, id, (stored) => {
        stored.revokeTime = nowMicros();
        return true;
      });
      await versions.refresh();
      return {};
    },
  };
}

function requireGiven({ client }: CreateClientRequest | UpdateClientRequest) {
  if (!client) throw invalidArgument([{ field: "client", description: "is required" }]);
  return client;
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return JSON.stringify(some) === JSON.stringify(others);
}

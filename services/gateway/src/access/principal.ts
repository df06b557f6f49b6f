import { Scope } from "@ocellus/proto/ocellus/access/v1/access_pb.ts";
import type { NamespaceLimit } from "@ocellus/runtime/namespace-limit.ts";

/** The scopes by their names in tokens. */
export const SCOPES = {
  read: Scope.READ,
  write: Scope.WRITE,
  aggregation: Scope.AGGREGATION,
  admin: Scope.ADMIN,
} as const;

/** The name of a scope in tokens. */
export type ScopeName = keyof typeof SCOPES;

export const SCOPE_NAMES = Object.keys(SCOPES) as ScopeName[];

/** Who calls, and what for, as a token says. */
export interface Principal {
  /** The client's id, or the subject at another issuer. */
  readonly id: string;
  /** What people call it; empty where the token does not say. */
  readonly name: string;
  readonly issuer: string;
  readonly scopes: ReadonlySet<ScopeName>;
  /** The namespaces to which it is limited; undefined where all are open to it. */
  readonly namespaces: NamespaceLimit | undefined;
  /** Whether the token still counts: it has not expired, and its client was neither revoked nor changed. */
  isValid(): boolean;
}

/** What stands for a principal among all, whichever token it shows. */
export function keyOf({ issuer, id }: Principal): string {
  return `${issuer} ${id}`;
}

/** The scopes among these texts; others mean nothing here. */
export function scopesIn(texts: readonly string[]): Set<ScopeName> {
  return new Set(texts.filter((text): text is ScopeName => Object.hasOwn(SCOPES, text)));
}

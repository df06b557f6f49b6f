import { regexOf } from "@ocellus/runtime/glob.ts";
import { makeExactValidator } from "envalid";
import { SCOPE_NAMES, type ScopeName, scopesIn } from "../access/principal.ts";

/** A text of another issuer's claim, and the scopes for which it stands. */
export interface ScopeRule {
  text: string;
  scopes: ScopeName[];
}

/** Reads rules such as "readers=read,operators=read+write". */
export const scopeRules = makeExactValidator<ScopeRule[]>((input) =>
  listIn(input).map((rule) => {
    const [, text, scopes = ""] = /^(.+)=([^=]+)$/.exec(rule) ?? [];
    if (!text) throw new Error("expected rules such as readers=read,operators=read+write");
    return { text: text.trim(), scopes: requireScopes(scopes.split("+")) };
  }),
);

/** Reads scopes such as "read,aggregation". */
export const scopeNames = makeExactValidator<ScopeName[]>((input) => requireScopes(listIn(input)));

/** Reads e-mail addresses, or globs of them, such as "ann@example.com,*@example.org". They are compared in any letter case. */
export const emails = makeExactValidator<RegExp[]>((input) =>
  listIn(input).map((glob) => {
    // A glob for everybody would be a mistake, and one such as *example.com takes evil-example.com.
    if (!/^[^@*]+@[^@*]+$|^\*@[^@*]+$/.test(glob)) {
      throw new Error("expected e-mail addresses such as ann@example.com, or *@example.com");
    }
    return regexOf(glob.toLowerCase());
  }),
);

/** The scopes for which the texts of a claim stand. */
export function scopesOf(texts: readonly string[], rules: readonly ScopeRule[]): Set<ScopeName> {
  if (rules.length === 0) return scopesIn(texts);
  return new Set(rules.filter(({ text }) => texts.includes(text)).flatMap(({ scopes }) => scopes));
}

/** The texts of a claim: a list of them, or one with spaces between. A claim within another is named with a dot. */
export function textsIn(claims: Record<string, unknown>, name: string): string[] | undefined {
  const value = claims[name] ?? valueWithin(claims, name.split("."));
  if (typeof value === "string") return value.split(" ").filter(Boolean);
  return Array.isArray(value) ? value.filter((text): text is string => typeof text === "string") : undefined;
}

function valueWithin(claims: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, part)
        ? (at as Record<string, unknown>)[part]
        : undefined,
    claims,
  );
}

function listIn(input: string): string[] {
  return input
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}

function requireScopes(names: readonly string[]): ScopeName[] {
  const trimmed = names.map((name) => name.trim());
  const scopes = scopesIn(trimmed);
  const unknown = trimmed.filter((name) => !scopes.has(name as ScopeName));
  if (unknown.length > 0)
    throw new Error(`expected scopes among ${SCOPE_NAMES.join(", ")}, and not ${unknown.join(", ")}`);
  return [...scopes];
}

import { createHash } from "node:crypto";

/** A token of texts that clients hand back, in characters that need no escape in a URL. It is not signed: anybody can make one. */
export function tokenFrom(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** The texts of a token; undefined where it is none. */
export function partsIn(token: string): string[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    return Array.isArray(parts) && parts.every((part) => typeof part === "string") ? parts : undefined;
  } catch {
    return undefined;
  }
}

/** Sixteen characters that tie a token to the arguments of the request that it was given for. */
export function bindingOf(args: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(args)).digest("base64url").slice(0, 16);
}

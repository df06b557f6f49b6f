import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { regexOf } from "./glob.ts";
import { Code, invalidArgument, ServiceError } from "./service-error.ts";

/** The key of the metadata in which the gateway tells to which namespaces its own caller is limited. */
export const TOLD_NAMESPACES = "ocellus-namespaces";

/** The namespaces to which a caller is limited, by globs. Where there is no limit, there is no such object. */
export class NamespaceLimit {
  readonly globs: readonly string[];
  readonly #patterns: readonly RegExp[];
  #text: string | undefined;

  constructor(globs: readonly string[]) {
    this.globs = globs;
    this.#patterns = globs.map(regexOf);
  }

  /** Whether what is in a namespace is open to the caller. What has no namespace is not. */
  allows(namespace: string | null | undefined): boolean {
    return typeof namespace === "string" && this.#patterns.some((pattern) => pattern.test(namespace));
  }

  /** It as a text of metadata, which holds ASCII alone. */
  toText(): string {
    this.#text ??= this.globs.map(encodeURIComponent).join(",");
    return this.#text;
  }
}

/** How many limits are kept ready to be used again. */
const MAX_KNOWN = 1000;
const known = new Map<string, NamespaceLimit>();

/** The limit that `toText` told; none where nothing was told. Throws INVALID_ARGUMENT where it cannot be read. */
export function limitIn(text: string | undefined): NamespaceLimit | undefined {
  if (text === undefined) return undefined;
  let limit = known.get(text);
  if (!limit) {
    limit = new NamespaceLimit(text === "" ? [] : text.split(",").map(globIn));
    if (known.size === MAX_KNOWN) known.delete(known.keys().next().value!);
    known.set(text, limit);
  }
  return limit;
}

function globIn(text: string): string {
  try {
    const glob = decodeURIComponent(text);
    if (!glob.includes("\0")) return glob;
  } catch {
    // Not percent-encoded.
  }
  const description = "must be globs, percent-encoded in UTF-8, without U+0000";
  throw invalidArgument([{ field: TOLD_NAMESPACES, description }]);
}

/** Throws PERMISSION_DENIED for a namespace that is not open to the caller. One that was left out is none that is named. */
export function requireNamespace(limit: NamespaceLimit | undefined, namespace: string | undefined): void {
  if (namespace !== undefined && limit && !limit.allows(namespace)) throw namespaceDenied(namespace, limit);
}

/** PERMISSION_DENIED for a namespace. */
export function namespaceDenied(namespace: string, { globs }: NamespaceLimit): ServiceError {
  const open = globs.length === 0 ? "no namespace" : globs.map((glob) => `"${glob}"`).join(", ");
  return new ServiceError(
    `The namespace "${namespace.slice(0, 120)}" is not open to this token, which is for ${open}`,
    {
      code: Code.PERMISSION_DENIED,
      reason: ErrorReason.NAMESPACE_DENIED,
    },
  );
}

import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { invalidArgument, type Violation } from "./service-error.ts";
import { bindingOf, partsIn, tokenFrom } from "./token-parts.ts";

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;

/** One page of a list that is read by keys: the key of the last row of the page before, and how many rows to read. */
export interface Page {
  size: number;
  /** The key after which the page starts; undefined for the first. */
  after: string[] | undefined;
  /** The token of the next page: `key` is that of this page's last row. */
  tokenAfter(key: string[]): string;
}

/**
 * The page that a list request asks for. Its token is bound to `filters`, all other arguments of the request.
 *
 * Throws INVALID_ARGUMENT for a token that was not made for the same filters. The caller has checked the size.
 *
 * @param isKey whether a row may have a key: anybody can make a token
 */
export function pageOf(
  request: { pageSize: number; pageToken: string },
  filters: unknown[],
  isKey: (key: string[]) => boolean,
): Page {
  const binding = bindingOf(filters);
  return {
    size: pageSizeOf(request),
    after: request.pageToken === "" ? undefined : keyIn(request.pageToken, binding, isKey),
    tokenAfter: (key) => tokenFrom([binding, ...key]),
  };
}

/** How many rows a list request asks for. */
export function pageSizeOf({ pageSize }: { pageSize: number }): number {
  return Math.min(pageSize || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE);
}

/** What is wrong with a page_size; nothing in most cases. */
export function pageSizeProblems(pageSize: number): Violation[] {
  return pageSize < 0 ? [{ field: "page_size", description: `must not be negative, and is ${pageSize}` }] : [];
}

function keyIn(token: string, binding: string, isKey: (key: string[]) => boolean): string[] {
  const parts = partsIn(token);
  if (!parts || parts[0] !== binding || !isKey(parts.slice(1))) {
    const description = "is not a next_page_token of a request with the same other arguments";
    throw invalidArgument([{ field: "page_token", description }], ErrorReason.INVALID_PAGE_TOKEN);
  }
  return parts.slice(1);
}

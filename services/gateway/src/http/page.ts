import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { HttpRequest, HttpResponse } from "./node-http.ts";

/** Something that is answered as it is: a document, or a file. */
export interface Page {
  contentType: string;
  /** Its Cache-Control. */
  cache: string;
  headers?: Record<string, string>;
  read(): Buffer | Promise<Buffer>;
}

/** To be kept, but never used without asking whether it is still the same. */
export const REVALIDATED = "no-cache";
/** To be kept without asking, for it never changes under its path. */
export const UNCHANGING = "public, max-age=31536000, immutable";

const compress = promisify(gzip);

/** Answers GET and HEAD, with less where the client has the page already, and gzipped where it takes that. */
export async function servePage(page: Page, request: HttpRequest, response: HttpResponse): Promise<void> {
  const content = await page.read();
  // Weak, as the same content may be gzipped or not.
  const etag = `W/"${createHash("sha256").update(content).digest("base64url").slice(0, 22)}"`;
  const headers = {
    ...page.headers,
    "cache-control": page.cache,
    etag,
    "x-content-type-options": "nosniff",
  };
  response.appendHeader("vary", "accept-encoding");
  if (request.headers["if-none-match"]?.includes(etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const isGzipped = /\bgzip\b(?!;\s*q=0(?:\.0*)?(?:,|$))/.test(String(request.headers["accept-encoding"] ?? ""));
  const body = isGzipped ? await compress(content) : content;
  response.writeHead(200, {
    ...headers,
    "content-type": page.contentType,
    "content-length": body.length,
    ...(isGzipped ? { "content-encoding": "gzip" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

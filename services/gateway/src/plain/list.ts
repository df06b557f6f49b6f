import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { HttpRequest } from "../http/node-http.ts";
import { targetOf } from "../http/request-target.ts";
import type { Names } from "./fields.ts";

/** How many a page of this dialect has. */
const PAGE_SIZE = 10;

/** The parameters by which every list is paged. */
export const PAGE_NAMES: Names = { page_size: "page_size", limit: "page_size", page_token: "page_token" };

/** A list request with the page size of this dialect where it names none. */
export function paged<R extends { pageSize: number }>(request: R): R {
  return { ...request, pageSize: request.pageSize || PAGE_SIZE };
}

/** The page that a list answers. `next` is the URL of the next one: the request's own with another page token. */
export function pageJson(request: HttpRequest, results: JsonValue[], nextPageToken: string): JsonObject {
  return { results, next: nextPageToken === "" ? null : urlOfPage(request, nextPageToken) };
}

function urlOfPage(request: HttpRequest, pageToken: string): string {
  const { path, query } = targetOf(request);
  const parameters = new URLSearchParams(query);
  parameters.set("page_token", pageToken);
  return `${originOf(request)}${path}?${parameters}`;
}

/** Where the client reached the gateway, a proxy in between included; empty where that is not told. */
function originOf({ headers }: HttpRequest): string {
  const first = (name: string) =>
    String(headers[name] ?? "")
      .split(",")[0]!
      .trim();
  const host = first("x-forwarded-host") || first("host") || first(":authority");
  const protocol = first("x-forwarded-proto") === "https" ? "https" : "http";
  return /^[\w.:[\]-]+$/.test(host) ? `${protocol}://${host}` : "";
}

import { type Page, REVALIDATED } from "../http/page.ts";
import type { Route } from "../rest/routes.ts";
import { docsPages } from "./docs-page.ts";
import { openApiDocument } from "./document.ts";

/** The documentation of the API, by path: the document for programs, made once, and the page for people. */
export function apiPages(routes: readonly Route[]): Map<string, Page> {
  const document = Buffer.from(`${JSON.stringify(openApiDocument(routes))}\n`);
  const page = { contentType: "application/json", cache: REVALIDATED, read: () => document };
  return new Map<string, Page>([["/openapi.json", page], ...docsPages()]);
}

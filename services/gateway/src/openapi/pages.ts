import type { DescMethod } from "@bufbuild/protobuf";
import { type Permission, permissionOf } from "../access/permissions.ts";
import { type Page, REVALIDATED } from "../http/page.ts";
import type { Route } from "../rest/routes.ts";
import { docsPages } from "./docs-page.ts";
import { openApiDocument } from "./document.ts";

/** The documentation of the API, by path: the document for programs, made once, and the page for people. */
export function apiPages(routes: readonly Route[]): Map<string, Page> {
  const json = openApiDocument(routes, (method) => requirePublic(method).scope);
  const document = Buffer.from(`${JSON.stringify(json)}\n`);
  const page = { contentType: "application/json", cache: REVALIDATED, read: () => document };
  return new Map<string, Page>([["/openapi.json", page], ...docsPages()]);
}

/** What a method that has a route needs. Throws for one that nobody may call. */
function requirePublic(method: DescMethod): Permission {
  const permission = permissionOf(method);
  if (!permission) throw new Error(`${method} has a route, and nobody may call it`);
  return permission;
}

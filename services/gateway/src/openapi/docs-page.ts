import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Page, REVALIDATED, UNCHANGING } from "../http/page.ts";

const require = createRequire(import.meta.url);
const manifest = require.resolve("swagger-ui-dist/package.json");
const { version } = require(manifest) as { version: string };

/** The files of Swagger UI that the page needs, of the many that its package holds. */
const ASSETS: Record<string, string> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
  "favicon-32x32.png": "image/png",
};
/** Their paths hold the version, so that a browser may keep them. */
const ASSETS_PATH = `/docs/${version}`;

const HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Ocellus API</title>
    <link rel="icon" type="image/png" href="${ASSETS_PATH}/favicon-32x32.png">
    <link rel="stylesheet" href="${ASSETS_PATH}/swagger-ui.css">
  </head>
  <body>
    <div id="docs"></div>
    <noscript>This page needs JavaScript. The document that it shows is <a href="/openapi.json">/openapi.json</a>.</noscript>
    <script src="${ASSETS_PATH}/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

// Without a validator: the one of Swagger UI is a public server that would be sent the document's address.
const START = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null,
});
`;

/** The browser itself sees to it that nothing comes from elsewhere. Swagger UI sets styles, and its icons are data. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page that shows the API to people, and all that it loads but the document, by path. */
export function docsPages(): Map<string, Page> {
  const folder = dirname(manifest);
  const assets = Object.entries(ASSETS).map(([name, contentType]): [string, Page] => [
    `${ASSETS_PATH}/${name}`,
    { contentType, cache: UNCHANGING, read: () => readFile(join(folder, name)) },
  ]);
  return new Map<string, Page>([
    ["/docs", textPage(HTML, "text/html; charset=utf-8", { "content-security-policy": POLICY })],
    ["/docs/start.js", textPage(START, "text/javascript; charset=utf-8")],
    ...assets,
  ]);
}

function textPage(text: string, contentType: string, headers: Record<string, string> = {}): Page {
  const content = Buffer.from(text);
  return { contentType, cache: REVALIDATED, headers, read: () => content };
}

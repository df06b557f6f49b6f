import { get, type IncomingHttpHeaders } from "node:http";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { echo } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";

let bed: GatewayBed;
/** The paths that the page loads. */
let assets: string[];

beforeAll(async () => {
  bed = await startGateway(echo({ requests: [], kept: [], cancelled: Promise.withResolvers() }));
  const html = await (await fetch(`${bed.url}/docs`)).text();
  assets = [...html.matchAll(/<(?:link|script)[^>]+(?:href|src)="([^"]+)"/g)].map(([, path]) => path!);
});
afterAll(() => bed.stop());

/** As it is sent: fetch would undo the compression. */
function raw(path: string, headers: IncomingHttpHeaders): Promise<{ size: number; headers: IncomingHttpHeaders }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ size: number; headers: IncomingHttpHeaders }>();
  get(bed.url + path, { headers }, async (response) => {
    let size = 0;
    for await (const chunk of response) size += chunk.length;
    resolve({ size, headers: response.headers });
  }).on("error", reject);
  return promise;
}

test("the page is HTML that loads nothing from elsewhere, and lets the browser see to that", async () => {
  const response = await fetch(`${bed.url}/docs`);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self';/);
  expect(await response.text()).not.toMatch(/https?:\/\//);
  expect(assets).toHaveLength(4);
  expect(assets.filter((path) => !path.startsWith("/docs/"))).toEqual([]);
});

test("each asset is there, with its type", async () => {
  const types = { css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8", png: "image/png" };
  for (const path of assets) {
    const response = await fetch(bed.url + path);
    const type = types[path.split(".").at(-1) as keyof typeof types];
    expect([path, response.status, response.headers.get("content-type")]).toEqual([path, 200, type]);
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(100);
  }
});

test("the page shows the document of this gateway, and sends it to no validator", async () => {
  const start = await (await fetch(`${bed.url}/docs/start.js`)).text();
  expect(start).toContain('url: "/openapi.json"');
  expect(start).toContain("validatorUrl: null");
});

test("what has its version in its path may be kept; all else is asked for again, and sent only where it changed", async () => {
  const cacheOf = async (path: string) => (await fetch(bed.url + path)).headers.get("cache-control");
  for (const path of assets.filter((each) => each !== "/docs/start.js")) {
    expect(await cacheOf(path)).toBe("public, max-age=31536000, immutable");
  }
  for (const path of ["/docs", "/docs/start.js", "/openapi.json"]) {
    expect(await cacheOf(path)).toBe("no-cache");
    const etag = (await fetch(bed.url + path)).headers.get("etag")!;
    const again = await fetch(bed.url + path, { headers: { "if-none-match": etag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  }
});

test.each([
  ["gzip, br", true],
  ["identity", false],
  ["gzip;q=0, br", false],
])("to a client that takes %s it is gzipped: %p", async (encoding, isGzipped) => {
  const { size, headers } = await raw("/openapi.json", { "accept-encoding": encoding });
  expect([headers["content-encoding"], headers.vary]).toEqual([isGzipped ? "gzip" : undefined, "accept-encoding"]);
  expect(size).toBe(Number(headers["content-length"]));
  expect(size < 30_000).toBe(isGzipped);
});

test("HEAD answers without a body, and another method is not allowed", async () => {
  const head = await fetch(`${bed.url}/docs`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  const post = await fetch(`${bed.url}/openapi.json`, { method: "POST" });
  expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  const options = await fetch(`${bed.url}/docs`, { method: "OPTIONS" });
  expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS"]);
});

test.each(["/docs/", "/docs/index.html", "/docs/5/swagger-ui.css", "/docs/../package.json"])(
  "%s is not found",
  async (path) => {
    expect((await fetch(bed.url + path)).status).toBe(404);
  },
);

test("GET / names the page and the document", async () => {
  const overview = await (await fetch(`${bed.url}/`)).json();
  expect(overview).toMatchObject({ docs: "/docs", openapi: "/openapi.json" });
});

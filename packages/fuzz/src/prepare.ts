import { setTimeout as sleep } from "node:timers/promises";
import type { Page, RouteLine, Surroundings } from "./kinds/kind.ts";
import { type Target, tokensOf, urlOf } from "./target.ts";

const STORED_WITHIN_MS = 30_000;
const EVENTS = 12;

type Json = Record<string, unknown>;

/** Lists of which a page is asked for, to have its token. */
const LISTS = ["/v1/events?namespace=fuzz", "/v1/events", "/v1/sessions", "/v1/persons", "/v1/series", "/v1/clients"];

/** Brings something into the target that can be looked for, and learns what it is called. */
export async function prepare(target: Target): Promise<Surroundings> {
  const url = urlOf(target);
  const token = tokensOf(target);
  const ask = async (path: string, body?: unknown): Promise<Json> => {
    const response = await fetch(url + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${await token()}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Json;
  };
  const now = Date.now();
  const events = Array.from({ length: EVENTS }, (_, index) => ({
    namespace: "fuzz",
    name: index % 2 ? "pageview" : "signal",
    timestamp: new Date(now - index * 3_600_000).toISOString(),
    sessionId: `visit-${index % 3}`,
    value: index,
    data: { path: "/", host: "example.com", nested: { deep: [index] } },
  }));
  const { results } = await ask("/v1/events", events);
  const ids = (results as { accepted: { id: string } }[]).map(({ accepted }) => accepted.id);
  const persons = [];
  for (const email of ["ann@example.com", "bob@example.com"])
    persons.push(String((await ask("/v1/persons", { email, role: "reader", namespace: "fuzz" })).id));
  const client = await ask("/v1/clients", { displayName: "fuzzed", scopes: ["read"] });
  await fetch(`${url}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${await token()}`, "content-type": "application/json" },
    body: '{"name":"","namespace":"fuzz"}',
  });
  const deadline = Date.now() + STORED_WITHIN_MS;
  while (((await ask("/v1/events?namespace=fuzz")).events as unknown[]).length < EVENTS) {
    if (Date.now() > deadline) throw new Error("what was sent is not stored");
    await sleep(50);
  }
  const pages = await Promise.all(LISTS.map((path) => pageOf(path, ask)));
  const { routes, plain } = (await ask("/")) as { routes: RouteLine[]; plain: RouteLine[] };
  const [id = ""] = ids;
  const known = [...ids.slice(0, 3), ...persons, (client.client as { id: string }).id, events[0]!.timestamp];
  return {
    ports: target.ports,
    token,
    known: [
      ...known,
      "fuzz",
      "fuzz",
      "pageview",
      "visit-1",
      "ann@example.com",
      "data.host",
      "data.host = 'example.com'",
    ],
    pages: [...pages.filter((page) => page !== undefined), await watchPage(url, token, id)],
    routes: [...routes, ...plain],
  };
}

async function pageOf(path: string, ask: (path: string) => Promise<Json>): Promise<Page | undefined> {
  const token = (await ask(`${path}${path.includes("?") ? "&" : "?"}pageSize=1`)).nextPageToken;
  return typeof token === "string" && token !== "" ? { path, parameter: "pageToken", token } : undefined;
}

/** The token by which a stream of events is resumed: the id of the first thing that it says. */
async function watchPage(url: string, token: () => Promise<string>, id: string): Promise<Page> {
  const path = "/v1/events:watch?namespace=fuzz";
  const abort = new AbortController();
  const response = await fetch(url + path, {
    headers: { authorization: `Bearer ${await token()}` },
    signal: abort.signal,
  });
  let said = "";
  for await (const chunk of response.body!) {
    said += Buffer.from(chunk).toString();
    if (/^id: .+\n/m.test(said)) break;
  }
  abort.abort();
  return { path, parameter: "resumeToken", token: /^id: (.+)$/m.exec(said)?.[1] ?? id };
}

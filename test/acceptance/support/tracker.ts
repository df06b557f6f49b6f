import type { Json } from "../../support/call-gateway.ts";
import { eventually } from "../../support/eventually.ts";
import { fetch } from "../../support/fetch-with-token.ts";

/** What the gateway answered. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Json;
}

/** A tracker's client: plain HTTP with JSON, and nothing else. */
export interface Tracker {
  /** Sends a request. A body that is a text is sent as it is. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown): Promise<Answer>;
  /** Posts what must be taken, and answers the resource. */
  made(path: string, body?: unknown): Promise<Json>;
  /** The resource at a path, once it is there. */
  found(path: string): Promise<Json>;
  /** All results of a list, page by page. */
  all(path: string): Promise<Json[]>;
  /** All results of a list, once they are so many. */
  listed(path: string, count: number): Promise<Json[]>;
}

/** A client of the gateway at this URL. */
export function trackerOf(url: string): Tracker {
  const tracker: Tracker = {
    async call(method, path, body) {
      const response = await fetch(new URL(path, url), {
        method,
        ...(body !== undefined && {
          headers: { "content-type": "application/json" },
          body: typeof body === "string" ? body : JSON.stringify(body),
        }),
      });
      const text = await response.text();
      const { status, headers } = response;
      return { status, headers, body: text === "" ? undefined : JSON.parse(text) };
    },
    get: (path) => tracker.call("GET", path),
    post: (path, body) => tracker.call("POST", path, body),
    async made(path, body) {
      const { status, body: resource } = await tracker.post(path, body);
      if (status !== 201) throw new Error(`POST ${path} answered ${status}: ${JSON.stringify(resource)}`);
      return resource;
    },
    found: (path) =>
      eventually(async () => {
        const { status, body } = await tracker.get(path);
        return status === 200 ? body : undefined;
      }),
    async all(path) {
      const results: Json[] = [];
      for (let next: string | null = path; next; ) {
        const { status, body }: Answer = await tracker.get(next);
        if (status !== 200) throw new Error(`GET ${next} answered ${status}: ${JSON.stringify(body)}`);
        results.push(...body.results);
        next = body.next;
      }
      return results;
    },
    listed: (path, count) =>
      eventually(async () => {
        const results = await tracker.all(path);
        if (results.length > count) throw new Error(`${path} has ${results.length} results, and should have ${count}`);
        return results.length === count ? results : undefined;
      }),
  };
  return tracker;
}

/** The fields that an error names, in the order of the alphabet. */
export function fieldsIn({ body }: Answer): string[] {
  const details: Json[] = body.details;
  return details.flatMap(({ fieldViolations = [] }) => fieldViolations.map(({ field }: Json) => field)).sort();
}

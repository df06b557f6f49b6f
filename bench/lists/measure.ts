import type { Filter } from "./filters.ts";

const REQUESTS = 30;
/** A request so slow that thirty of them would tell nothing more. */
const PATIENCE_MS = 1000;
/** The page that is measured beside the first. */
const FAR = 100;

/** How long requests of one page took. */
export interface Measured {
  /** 1 for the first. */
  page: number;
  events: number;
  medianMs: number;
  p99Ms: number;
  /** The last answer, where it was an error. */
  failure?: string | undefined;
}

interface Page {
  events: unknown[];
  nextPageToken: string;
  failure?: string;
}

/** Asks for the first page, and for the hundredth or, where there are fewer, the last; `afterEach` runs after each of the two. */
export async function measurePages(
  gateway: { url: string; token: () => Promise<string> },
  filter: Filter,
  pageSize: number,
  afterEach: (page: number, again: () => Promise<unknown>) => Promise<void>,
): Promise<Measured[]> {
  const get = async (pageToken: string): Promise<Page> => {
    const query = new URLSearchParams({ ...filter, pageSize: String(pageSize), pageToken });
    const response = await fetch(`${gateway.url}/v1/events?${query}`, {
      headers: { authorization: `Bearer ${await gateway.token()}` },
    });
    // A list that takes longer than the gateway waits is a result, too.
    if (!response.ok) return { events: [], nextPageToken: "", failure: `${response.status} ${await response.text()}` };
    return (await response.json()) as Page;
  };
  const first = await measure(() => get(""), 1);
  await afterEach(1, () => get(""));
  let [token, number, next] = ["", 1, (await get("")).nextPageToken];
  for (; next !== "" && number < FAR; number++) [token, next] = [next, (await get(next)).nextPageToken];
  if (number === 1) return [first];
  const far = await measure(() => get(token), number);
  await afterEach(number, () => get(token));
  return [first, far];
}

async function measure(ask: () => Promise<Page>, page: number): Promise<Measured> {
  let { events, failure } = await ask();
  const times: number[] = [];
  const end = performance.now() + PATIENCE_MS;
  while (times.length < REQUESTS && (times.length === 0 || performance.now() < end)) {
    const start = performance.now();
    ({ events, failure } = await ask());
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
  return { page, events: events.length, medianMs: at(0.5), p99Ms: at(0.99), failure };
}

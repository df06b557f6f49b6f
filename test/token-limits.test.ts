import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { registerClient } from "./support/access.ts";
import { askForToken } from "./support/client-token.ts";
import { eventually } from "./support/eventually.ts";
import { fetch } from "./support/fetch-with-token.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;
beforeAll(async () => {
  bed = await startTestBed(["ingest", "gateway"], { TOKEN_RATE: "1", TOKEN_RATE_TOTAL: "10" });
  // A token to send events with.
  await send();
});
afterAll(() => bed.stop());

async function send(): Promise<number> {
  const headers = { "content-type": "application/json" };
  const { status } = await fetch(`${bed.url}/v1/events`, { method: "POST", headers, body: '{"name":"n"}' });
  return status;
}

interface Answer {
  status: number;
  retryAfter: string | null;
  error: string;
}

/** Guesses the secret of a client, many times at once. */
async function guess(id: string, times: number): Promise<Answer[]> {
  const ask = async (index: number): Promise<Answer> => {
    const response = await globalThis.fetch(`${bed.url}/oauth2/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${id}:guess-${index}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    const { error } = (await response.json()) as { error: string };
    return { status: response.status, retryAfter: response.headers.get("retry-after"), error };
  };
  return Promise.all(Array.from({ length: times }, (_, index) => ask(index)));
}

const withStatus = (answers: Answer[], status: number) => answers.filter((answer) => answer.status === status);

test("who guesses the secret of a client may do so a few times, and holds up neither events nor other clients", async () => {
  const other = await registerClient(bed.url);
  const guessing = guess(bed.administrator.id, 60);
  let isOver = false;
  const over = guessing.finally(() => {
    isOver = true;
  });
  const sent: number[] = [];
  while (!isOver) sent.push(await send());
  const answers = await over;
  // Ten at once, and one for each second that it takes.
  expect(withStatus(answers, 401).length).toBeLessThan(25);
  const refused = withStatus(answers, 429);
  expect(refused.length + withStatus(answers, 401).length).toBe(60);
  for (const { error, retryAfter } of refused) expect([error, retryAfter]).toEqual(["temporarily_unavailable", "1"]);
  expect(sent.length).toBeGreaterThan(0);
  expect(new Set(sent)).toEqual(new Set([201]));
  expect((await askForToken(bed.url, other)).status).toBe(200);
  await eventually(async () => ((await askForToken(bed.url, bed.administrator)).status === 200 ? true : undefined));
});

test("who asks for tokens of clients that do not exist is refused, too, beyond what all may ask for", async () => {
  const answers = await guess("nobody", 300);
  const refused = withStatus(answers, 429);
  expect(refused.length).toBeGreaterThan(100);
  expect(withStatus(answers, 401).length).toBe(300 - refused.length);
  for (const { error, retryAfter } of refused) expect([error, retryAfter]).toEqual(["temporarily_unavailable", "1"]);
  expect(await send()).toBe(201);
});

import { request } from "node:http";
import { afterEach, expect, test } from "@jest/globals";
import { register } from "prom-client";
import { eventually } from "../../../test/support/eventually.ts";
import { authorizationFor, fetch } from "../../../test/support/fetch-with-token.ts";
import { echo } from "./echo.ts";
import { type GatewayBed, startGateway } from "./gateway-bed.ts";

const BODY = Buffer.from(JSON.stringify([{ name: "n", data: { text: "x".repeat(120_000) } }]));
/** So many of it are below the limit, and one more is above. */
const MOST = 8;
const LIMITED = { BODIES_MAX_BYTES: String(1024 * 1024) };
const HEADERS = { "content-type": "application/json" };

let bed: GatewayBed;
let goOn: () => void;
afterEach(async () => {
  goOn();
  await bed.stop();
});

/** Starts a gateway whose batches are answered only when `goOn` is called. */
async function startHeldUp(): Promise<void> {
  const held = Promise.withResolvers<void>();
  goOn = held.resolve;
  const behind = echo({ requests: [], kept: [], cancelled: Promise.withResolvers() });
  const { batchTrackEvents } = behind.ingest;
  behind.ingest.batchTrackEvents = async (...call) => {
    await held.promise;
    return batchTrackEvents(...call);
  };
  bed = await startGateway(behind, {}, [], { gateway: LIMITED });
}

const post = () => fetch(`${bed.url}/v1/events`, { method: "POST", headers: HEADERS, body: BODY });

const untilInHand = (bytes: number) =>
  eventually(async () => {
    const { values } = await (
      register.getSingleMetric("ocellus_gateway_bytes_in_hand") as { get(): Promise<{ values: { value: number }[] }> }
    ).get();
    return values[0]?.value === bytes || undefined;
  });

test("more bytes than may be in hand are refused with a delay, and taken once others are answered", async () => {
  await startHeldUp();
  const taken = Array.from({ length: MOST }, post);
  await untilInHand(MOST * BODY.length);
  const refused = await post();
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
  expect(await refused.json()).toMatchObject({ code: 8, details: [{ reason: "OVERLOADED" }, { retryDelay: "1s" }] });
  goOn();
  for (const answer of await Promise.all(taken)) {
    expect(answer.status).toBe(200);
    await answer.text();
  }
  await untilInHand(0);
  expect((await post()).status).toBe(200);
});

test("the bytes of clients that are gone are no longer in hand", async () => {
  await startHeldUp();
  const headers = { ...HEADERS, ...(await authorizationFor(bed.url)), "content-length": BODY.length };
  const sending = Array.from({ length: MOST }, () => {
    const client = request(`${bed.url}/v1/events`, { method: "POST", headers, agent: false }).on("error", () => {});
    client.write(BODY.subarray(0, -1));
    return client;
  });
  await untilInHand(MOST * (BODY.length - 1));
  expect((await post()).status).toBe(429);
  for (const client of sending) client.destroy();
  await untilInHand(0);
});

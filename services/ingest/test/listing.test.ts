import type { MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService, type ListEventsRequestSchema } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let events: ServiceClient<typeof EventService>;

/** Two events each second: one name and one category are frequent, and meet three times. */
beforeAll(async () => {
  bed = await startTestBed(["ingest"]);
  events = bed.client("ingest", EventService);
  await bed.query(`select ingest.ensure_partition(date '2026-03-01')`);
  await bed.query(`
    insert into ingest.events (id, "timestamp", namespace, name, category, receive_time)
    select gen_random_uuid(), timestamptz '2026-03-01 00:00Z' + i / 2 * interval '1 second', 'n',
      case when i % 2 = 0 or i in (4001, 9001, 15001) then 'even' else 'odd' end,
      case when i % 2 = 0 then 'a' else 'b' end, now()
    from generate_series(1, 24000) as i`);
});
afterAll(() => bed.stop());

async function pagesOf(request: MessageInitShape<typeof ListEventsRequestSchema>): Promise<string[][]> {
  const pages: string[][] = [];
  for (let pageToken = ""; ; ) {
    const page = await events.listEvents({ ...request, pageToken });
    pages.push(page.events.map(({ id }) => id));
    pageToken = page.nextPageToken;
    if (pageToken === "") return pages;
  }
}

const idsBySql = async (where: string) =>
  (await bed.query(`select id from ingest.events where ${where} order by "timestamp" desc, id desc`)).map(
    ({ id }) => id,
  );

test("filters that seldom meet find all in order, over pages that each look through a part of the events", async () => {
  const pages = await pagesOf({ name: "even", category: "b" });
  expect(pages.flat()).toEqual(await idsBySql(`name = 'even' and category = 'b'`));
  expect(pages.flat()).toHaveLength(3);
  // Of 12 000 events of the category, 5000 for each page.
  expect(pages.map(({ length }) => length)).toEqual([1, 2, 0]);
});

test("filters that often meet fill their pages", async () => {
  const pages = await pagesOf({ name: "even", category: "a", pageSize: 1000 });
  expect(pages.flat()).toEqual(await idsBySql(`name = 'even' and category = 'a'`));
  expect(pages.map(({ length }) => length)).toEqual(Array(12).fill(1000));
});

test("a list by one field fills its pages, whatever comes between", async () => {
  const pages = await pagesOf({ category: "b", pageSize: 1000 });
  expect(pages.flat()).toEqual(await idsBySql(`category = 'b'`));
  expect(pages).toHaveLength(12);
});

test("a page token that somebody made up is refused, though it is bound to the query", async () => {
  const { nextPageToken } = await events.listEvents({ category: "b" });
  const [binding, time, id]: string[] = JSON.parse(Buffer.from(nextPageToken, "base64url").toString());
  const made = (...parts: unknown[]) => Buffer.from(JSON.stringify([binding, ...parts])).toString("base64url");
  expect((await events.listEvents({ category: "b", pageToken: made(time, id) })).events).toHaveLength(50);
  for (const parts of [
    [],
    [time],
    [time, id, id],
    ["soon", id],
    ["", id],
    ["9".repeat(18), id],
    ["9".repeat(30), id],
    [time, "x"],
    [time, `${id}'`],
    [time, "\0"],
    [time, 1],
  ]) {
    const { code, fields } = await errorOf(events.listEvents({ category: "b", pageToken: made(...parts) }));
    expect([parts, code, fields]).toEqual([parts, 3, ["page_token"]]);
  }
});

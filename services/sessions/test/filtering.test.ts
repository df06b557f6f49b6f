import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  type ListSessionsRequestSchema,
  type Session,
  SessionService,
  SessionState,
} from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

type Filters = MessageInitShape<typeof ListSessionsRequestSchema>;

let bed: TestBed;
let sessions: ServiceClient<typeof SessionService>;

const CLOSING = "a_b=idle,daily-*=daily,a%*=daily,a*=idle,*\\*=daily";
const NAMESPACES = ["a_b", "axb", "daily-", "daily-a", "a%1", "a1", "back\\slash", "other"];
const NOW = Date.now();
const minutes = (count: number) => new Date(NOW + count * 60_000);

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions"], { SESSION_CLOSING: CLOSING });
  sessions = bed.client("sessions", SessionService);
  for (let index = 0; index < 96; index++) {
    const end = -5 * (index % 12) - 2;
    const closedBefore = [null, minutes(end - 1), minutes(end), minutes(end + 1)][Math.floor(index / 12) % 4];
    await bed.query(
      `insert into sessions.sessions (id, namespace, by_person, person_id, start_time, end_time, event_count, closed_before)
       values ($1, $2, false, $3, $4, $5, 1, $6)`,
      [`s${index}`, NAMESPACES[index % 8], `p${index % 3}`, minutes(end - 7 * (index % 5)), minutes(end), closedBefore],
    );
  }
});
afterAll(() => bed.stop());

/** All that a list holds, over pages of seven. */
async function listed(filters: Filters): Promise<Session[]> {
  const all: Session[] = [];
  for (let pageToken = ""; ; ) {
    const page = await sessions.listSessions({ ...filters, pageSize: 7, pageToken });
    all.push(...page.sessions);
    pageToken = page.nextPageToken;
    if (pageToken === "") return all;
  }
}

const millis = (time: Session["endTime"]) => Number(time!.seconds) * 1000 + time!.nanos / 1e6;
const ids = (found: Session[]) => found.map(({ namespace, id }) => `${namespace}/${id}`);
const { OPEN, CLOSED } = SessionState;

test.each([OPEN, CLOSED])("a list of sessions in state %s holds each that says so, and no other", async (state) => {
  const all = await listed({});
  expect(all).toHaveLength(96);
  const found = await listed({ state });
  expect(found.length).toBeGreaterThan(10);
  expect(found.every((session) => session.state === state)).toBe(true);
  expect(ids(found)).toEqual(ids(all.filter((session) => session.state === state)));
});

test("the bounds of the end are inclusive, each alone and both together", async () => {
  const all = await listed({});
  const [from, to] = [minutes(-37), minutes(-12)];
  const [endTimeMin, endTimeMax] = [timestampFromDate(from), timestampFromDate(to)];
  const ending = (least: number, most: number) =>
    ids(all.filter(({ endTime }) => millis(endTime) >= least && millis(endTime) <= most));
  expect(ids(await listed({ endTimeMin }))).toEqual(ending(from.getTime(), Number.POSITIVE_INFINITY));
  expect(ids(await listed({ endTimeMax }))).toEqual(ending(0, to.getTime()));
  expect(ids(await listed({ endTimeMin, endTimeMax }))).toEqual(ending(from.getTime(), to.getTime()));
  expect(all.some(({ endTime }) => millis(endTime) === to.getTime())).toBe(true);
  expect(all.some(({ endTime }) => millis(endTime) === from.getTime())).toBe(true);
});

test("all filters given must hold", async () => {
  const all = await listed({});
  const [start, end] = [minutes(-60), minutes(-10)];
  const found = await listed({
    personId: "p1",
    state: CLOSED,
    startTimeMin: timestampFromDate(start),
    endTimeMax: timestampFromDate(end),
  });
  expect(found.length).toBeGreaterThan(0);
  expect(ids(found)).toEqual(
    ids(
      all.filter(
        ({ personId, state, startTime, endTime }) =>
          personId === "p1" &&
          state === CLOSED &&
          millis(startTime) >= start.getTime() &&
          millis(endTime) <= end.getTime(),
      ),
    ),
  );
});

test("a session without events counts by the time of its creation", async () => {
  const { session } = await sessions.createSession({ session: { namespace: "created" } });
  const [before, after] = [timestampFromDate(minutes(-1)), timestampFromDate(new Date(Date.now() + 60_000))];
  const within = { namespace: "created", endTimeMin: before, endTimeMax: after, startTimeMin: before, state: OPEN };
  expect(ids(await listed(within))).toEqual([`created/${session!.id}`]);
  expect(await listed({ namespace: "created", endTimeMax: before })).toEqual([]);
  expect(await listed({ namespace: "created", endTimeMin: after })).toEqual([]);
});

test("what is no state and no time is refused, and so is the token of another state", async () => {
  const bad = { state: 7 as SessionState, endTimeMin: { seconds: 0n, nanos: -1 }, endTimeMax: { seconds: 10n ** 15n } };
  expect(await errorOf(sessions.listSessions({ ...bad, pageSize: -1 }))).toMatchObject({
    code: status.INVALID_ARGUMENT,
    fields: ["end_time_min", "end_time_max", "state", "page_size"],
  });
  const { nextPageToken: pageToken } = await sessions.listSessions({ state: OPEN, pageSize: 1 });
  expect(await errorOf(sessions.listSessions({ state: CLOSED, pageSize: 1, pageToken }))).toMatchObject({
    reason: "INVALID_PAGE_TOKEN",
  });
});

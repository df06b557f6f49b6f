import { timestampDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { RetryInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { type Clients, createClients } from "../src/create-clients.ts";
import type { NewEvent, Outcome } from "../src/outcome.ts";
import { Tracker } from "../src/tracker.ts";
import type { Retry, TrackerOptions } from "../src/tracker-options.ts";
import { accepted, type IngestPeer, refused, startIngestPeer } from "./ingest-peer.ts";

let peer: IngestPeer;
let clients: Clients;
const opened: Tracker[] = [];

// Each test has a peer of its own: a call that one test gave up may still arrive in the next.
beforeEach(async () => {
  peer = await startIngestPeer();
  clients = createClients({ gateway: peer.url });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((tracker) => tracker.close(0)));
  clients.close();
  await peer[Symbol.asyncDispose]();
});

/** A tracker that tries again at once, unless a test is about waits. */
function newTracker(options: TrackerOptions = {}): Tracker {
  const tracker = new Tracker(clients.ingest, { backoff: { initialMs: 1, maxMs: 1 }, lingerMs: 0, ...options });
  opened.push(tracker);
  return tracker;
}

const track = (tracker: Tracker, count: number, event: Partial<NewEvent> = {}) =>
  Array.from({ length: count }, (_, index) => tracker.track({ name: `event ${index}`, ...event }));
const outcomesOf = async (promises: Promise<Outcome>[]) => (await Promise.all(promises)).map(({ outcome }) => outcome);

/** Lets calls through one after another: the next one waits until `pass` is called. */
function hold(): { pass: () => void; waiting: () => number } {
  const waiting: (() => void)[] = [];
  peer.answer = async ({ events }, { signal }) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      signal.addEventListener("abort", () => resolve());
    });
    return { results: events.map(accepted) };
  };
  return { pass: () => waiting.shift()?.(), waiting: () => waiting.length };
}

test("an event gets its id and its time when it is tracked, and is told when it is accepted", async () => {
  const before = Date.now();
  const outcome = await newTracker().track({ name: "one", data: { a: [1, { b: null }] }, value: 0.5 });
  const [[sent] = []] = peer.batches;
  expect(sent).toMatchObject({ name: "one", data: { a: [1, { b: null }] }, value: 0.5, id: outcome.id });
  expect(outcome).toEqual({ outcome: "accepted", id: sent?.id, timestamp: sent?.timestamp });
  expect(outcome.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  expect(timestampDate(sent!.timestamp!).getTime()).toBeGreaterThanOrEqual(before);
});

test("the caller's own id and time are kept, and an id without a time is sent without one", async () => {
  const id = "0198f2a4-6f3e-7cc0-8d3b-5a1f6e2b9c10";
  const tracker = newTracker();
  tracker.track({ name: "dated", id, timestamp: new Date(1000) });
  tracker.track({ name: "stamped", id, timestamp: timestampFromMs(2000) });
  tracker.track({ name: "undated", id });
  await tracker.flush();
  expect(peer.batches.flat().map((event) => [event.id, event.timestamp])).toEqual([
    [id, timestampFromMs(1000)],
    [id, timestampFromMs(2000)],
    [id, undefined],
  ]);
});

test("what the caller does to an event after tracking it changes nothing", async () => {
  const event = { name: "before", data: { list: ["before"] } };
  const tracker = newTracker({ lingerMs: 60_000 });
  tracker.track(event);
  event.name = "after";
  event.data.list[0] = "after";
  await tracker.flush();
  expect(peer.batches[0]?.[0]).toMatchObject({ name: "before", data: { list: ["before"] } });
});

test("a batch leaves when it has as many events as it may", async () => {
  const tracker = newTracker({ maxBatchEvents: 10, lingerMs: 60_000 });
  await Promise.all(track(tracker, 20));
  expect(peer.batches.map(({ length }) => length)).toEqual([10, 10]);
});

test("a batch leaves when it has as many bytes as it may, and a larger event travels alone", async () => {
  const tracker = newTracker({ maxBatchBytes: 10_000, lingerMs: 60_000, maxInFlight: 1 });
  track(tracker, 8, { data: { text: "x".repeat(3000) } });
  track(tracker, 1, { data: { text: "x".repeat(20_000) } });
  await tracker.flush();
  expect(peer.batches.map(({ length }) => length)).toEqual([3, 3, 2, 1]);
});

test("an event that no other joins leaves after the linger time", async () => {
  const outcome = await newTracker({ lingerMs: 20 }).track({ name: "alone" });
  expect(outcome.outcome).toBe("accepted");
  expect(peer.batches).toHaveLength(1);
});

test("no more batches are on their way than may be, and the others follow in order", async () => {
  const held = hold();
  const tracker = newTracker({ maxBatchEvents: 1, maxInFlight: 2 });
  const outcomes = track(tracker, 5);
  await eventually(async () => (held.waiting() === 2 ? true : undefined));
  expect(peer.batches).toHaveLength(2);
  for (let passed = 1; passed <= 5; passed++) {
    held.pass();
    await eventually(async () => (tracker.counts().accepted === passed ? true : undefined));
    await eventually(async () => (peer.batches.length === Math.min(5, passed + 2) ? true : undefined));
  }
  expect(await outcomesOf(outcomes)).toEqual(Array(5).fill("accepted"));
  expect(peer.batches.flat().map(({ name }) => name)).toEqual([0, 1, 2, 3, 4].map((index) => `event ${index}`));
});

test.each([
  Code.Unavailable,
  Code.ResourceExhausted,
  Code.DeadlineExceeded,
  Code.Internal,
  Code.Unknown,
  Code.Aborted,
  Code.Canceled,
  Code.DataLoss,
  Code.Unauthenticated,
])("a batch that fails with code %i is sent again, with the same ids and times", async (code) => {
  let failures = 3;
  peer.answer = ({ events }) => {
    if (failures-- > 0) throw new ConnectError("not now", code);
    return { results: events.map(accepted) };
  };
  const tracker = newTracker();
  expect(await outcomesOf(track(tracker, 3))).toEqual(Array(3).fill("accepted"));
  expect(peer.batches).toHaveLength(4);
  for (const batch of peer.batches) expect(batch).toEqual(peer.batches[0]);
  expect(tracker.state()).toMatchObject({ tries: 4, failedTries: 3, lastProblem: { code }, pendingBytes: 0 });
});

test.each([Code.PermissionDenied, Code.Unimplemented, Code.FailedPrecondition])(
  "a batch that is refused with code %i is final for its events",
  async (code) => {
    peer.answer = () => {
      throw new ConnectError("never", code);
    };
    const outcomes = await Promise.all(track(newTracker(), 2));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ outcome: "refused", problem: { code, message: "never" }, mayBeStored: false });
    }
    expect(peer.batches).toHaveLength(1);
  },
);

test("a refused event is told with its own fields, and only what may come right is sent again", async () => {
  let first = true;
  peer.answer = ({ events }) => {
    const results = events.map((event, index) => {
      if (event.name === "bad") return refused(Code.InvalidArgument, "INVALID_EVENT", index);
      return event.name === "late" && first ? refused(Code.Unavailable, "QUEUE_UNAVAILABLE", index) : accepted(event);
    });
    first = false;
    return { results };
  };
  const tracker = newTracker({ maxBatchEvents: 4, lingerMs: 60_000 });
  const names = ["good", "bad", "late", "bad"];
  const outcomes = await Promise.all(names.map((name) => tracker.track({ name })));
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(["accepted", "refused", "accepted", "refused"]);
  expect(outcomes[3]).toMatchObject({
    event: { name: "bad", id: outcomes[3]?.id },
    mayBeStored: false,
    problem: {
      code: Code.InvalidArgument,
      reason: "INVALID_EVENT",
      message: "name: must not be empty",
      violations: [{ field: "name", description: "must not be empty" }],
    },
  });
  expect(peer.batches.map((batch) => batch.map(({ name }) => name))).toEqual([names, ["late"]]);
  expect(tracker.counts()).toEqual({ accepted: 2, refused: 2, dropped: 0, pending: 0 });
});

test("an event that makes its whole batch invalid is found, and the others are accepted", async () => {
  peer.answer = ({ events }) => {
    if (events.some(({ name }) => name === "poison")) throw new ConnectError("cannot be read", Code.InvalidArgument);
    return { results: events.map(accepted) };
  };
  const tracker = newTracker({ maxBatchEvents: 9, lingerMs: 60_000 });
  const names = Array.from({ length: 9 }, (_, index) => (index === 4 ? "poison" : "good"));
  const outcomes = await outcomesOf(names.map((name) => tracker.track({ name })));
  expect(outcomes).toEqual(names.map((name) => (name === "poison" ? "refused" : "accepted")));
});

test("an answer with too few results is none for the events without one", async () => {
  let short = true;
  peer.answer = ({ events }) => {
    const results = events.map(accepted).slice(0, short ? 1 : undefined);
    short = false;
    return { results };
  };
  const outcomes = track(newTracker({ maxBatchEvents: 3, lingerMs: 60_000 }), 3);
  expect(await outcomesOf(outcomes)).toEqual(Array(3).fill("accepted"));
  expect(peer.batches.map(({ length }) => length)).toEqual([3, 2]);
});

test.each([
  [
    "a RetryInfo",
    () => [{ desc: RetryInfoSchema, value: { retryDelay: { seconds: 0n, nanos: 250_000_000 } } }],
    {},
    250,
  ],
  ["a header Retry-After in seconds", () => [], { "retry-after": "1" }, 1000],
])("%s is waited before the next try", async (_, details, headers, atLeastMs) => {
  let fail = true;
  peer.answer = ({ events }) => {
    if (!fail) return { results: events.map(accepted) };
    fail = false;
    throw new ConnectError("full", Code.ResourceExhausted, headers, details());
  };
  const retries: Retry[] = [];
  await newTracker({ onRetry: (retry) => retries.push(retry) }).track({ name: "patient" });
  expect(retries).toMatchObject([{ events: 1, failures: 1, problem: { retryAfterMs: atLeastMs } }]);
  expect(retries[0]?.waitMs).toBeGreaterThanOrEqual(atLeastMs);
});

test("an answer that is lost does not end the event: the connection is made again", async () => {
  let cut = true;
  peer.answer = async ({ events }) => {
    if (cut) peer.cut();
    cut = false;
    return { results: events.map(accepted) };
  };
  expect((await newTracker().track({ name: "survivor" })).outcome).toBe("accepted");
  expect(peer.batches).toHaveLength(2);
});

test("a call without an answer ends after the time of a try, and is made again", async () => {
  let hang = true;
  peer.answer = async ({ events }, { signal }) => {
    if (hang) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    hang = false;
    return { results: events.map(accepted) };
  };
  const tracker = newTracker({ attemptTimeoutMs: 50 });
  expect((await tracker.track({ name: "hung" })).outcome).toBe("accepted");
  expect(tracker.state().lastProblem?.code).toBe(Code.DeadlineExceeded);
});

test("what cannot be encoded is refused at once, without a word to the server", async () => {
  const deep = JSON.parse(`${'{"a":'.repeat(200)}1${"}".repeat(200)}`);
  const tracker = newTracker();
  const outcomes = await Promise.all(
    [
      { name: "a date", timestamp: new Date("yesterday") },
      { name: "deep", data: deep },
      { name: "large", data: { text: "x".repeat(2 ** 20) } },
      null as unknown as NewEvent,
    ].map((event) => tracker.track(event)),
  );
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ outcome: "refused", mayBeStored: false, problem: { code: Code.InvalidArgument } });
  }
  expect(tracker.counts()).toEqual({ accepted: 0, refused: 4, dropped: 0, pending: 0 });
  expect(peer.batches).toHaveLength(0);
});

test("what finds no room is dropped at once with its identity, and told", async () => {
  const held = hold();
  const told: Outcome[] = [];
  const tracker = newTracker({ maxBufferedEvents: 2, maxBatchEvents: 1, onOutcome: (outcome) => told.push(outcome) });
  const kept = track(tracker, 2);
  const outcome = await tracker.track({ name: "too many" });
  expect(outcome).toMatchObject({ outcome: "dropped", why: "BUFFER_FULL", mayBeStored: false });
  expect(outcome).toMatchObject({ event: { name: "too many", id: outcome.id, timestamp: expect.anything() } });
  expect(told).toEqual([outcome]);
  await eventually(async () => (held.waiting() === 2 ? true : undefined));
  held.pass();
  held.pass();
  expect(await outcomesOf(kept)).toEqual(["accepted", "accepted"]);
  expect(tracker.counts()).toEqual({ accepted: 2, refused: 0, dropped: 1, pending: 0 });
  expect(told).toHaveLength(3);
});

test("the room is limited in bytes, too", async () => {
  hold();
  const tracker = newTracker({ maxBufferedBytes: 2 ** 20 });
  const outcomes = track(tracker, 40, { data: { text: "x".repeat(30_000) } });
  const { pending, dropped } = tracker.counts();
  expect(pending).toBeGreaterThan(30);
  expect(dropped).toBe(40 - pending);
  expect(tracker.state().pendingBytes).toBeLessThanOrEqual(2 ** 20);
  expect(await outcomes[39]).toMatchObject({ outcome: "dropped", why: "BUFFER_FULL" });
});

test("producers that wait until the tracker is ready lose nothing, however many they are", async () => {
  const tracker = newTracker({ maxBufferedEvents: 7, maxBatchEvents: 3, maxInFlight: 2 });
  const outcomes = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      await tracker.ready();
      return tracker.track({ name: `event ${index}` });
    }),
  );
  expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(["accepted"]));
  expect(
    peer.batches
      .flat()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(outcomes.map((_, index) => `event ${index}`).sort());
});

test("flush sends what lingers, and waits for what was tracked before it alone", async () => {
  const held = hold();
  const tracker = newTracker({ lingerMs: 60_000 });
  track(tracker, 3);
  const flushed = tracker.flush();
  await eventually(async () => (held.waiting() === 1 ? true : undefined));
  tracker.track({ name: "later" });
  held.pass();
  expect(await flushed).toEqual({ accepted: 3, refused: 0, dropped: 0, pending: 1 });
  expect(peer.batches).toHaveLength(1);
});

test("flush with a time limit tells what is pending, and goes on sending", async () => {
  const held = hold();
  const tracker = newTracker();
  const outcomes = track(tracker, 2);
  expect(await tracker.flush(20)).toEqual({ accepted: 0, refused: 0, dropped: 0, pending: 2 });
  await eventually(async () => (held.waiting() === 1 ? true : undefined));
  held.pass();
  expect(await outcomesOf(outcomes)).toEqual(["accepted", "accepted"]);
  expect(await tracker.flush()).toEqual(await tracker.flush());
});

test("close delivers what is pending, takes nothing more, and answers the same to all who call it", async () => {
  const tracker = newTracker({ lingerMs: 60_000, maxBatchEvents: 2 });
  const outcomes = track(tracker, 5);
  const reports = [tracker.close(), tracker.close(5000)];
  const late = tracker.track({ name: "late" });
  expect(await outcomesOf(outcomes)).toEqual(Array(5).fill("accepted"));
  expect(await late).toMatchObject({ outcome: "dropped", why: "CLOSED", mayBeStored: false });
  await tracker.ready();
  const [report] = await Promise.all(reports);
  expect(report).toEqual({ accepted: 5, refused: 0, dropped: 1, pending: 0, undelivered: [] });
  expect(await reports[1]).toBe(report);
  expect(await tracker.close()).toBe(report);
});

test("close hands back what it could not deliver, and another tracker delivers it under the same identity", async () => {
  hold();
  const tracker = newTracker({ maxBatchEvents: 2, maxInFlight: 1 });
  const outcomes = track(tracker, 5);
  await eventually(async () => (peer.batches.length === 1 ? true : undefined));
  const { undelivered, ...counts } = await tracker.close(20);
  expect(counts).toEqual({ accepted: 0, refused: 0, dropped: 5, pending: 0 });
  const told = await Promise.all(outcomes);
  expect(told).toMatchObject(
    [true, true, false, false, false].map((mayBeStored) => ({ outcome: "dropped", why: "CLOSED", mayBeStored })),
  );
  expect(undelivered.map(({ id }) => id)).toEqual(told.map(({ id }) => id));
  expect(undelivered.map(({ name }) => name)).toEqual([0, 1, 2, 3, 4].map((index) => `event ${index}`));

  peer.answer = ({ events }) => ({ results: events.map(accepted) });
  const [attempted] = peer.batches.splice(0);
  const heir = newTracker();
  await Promise.all(undelivered.map((event) => heir.track(event)));
  expect(peer.batches.flat().slice(0, 2)).toEqual(attempted);
  expect(heir.counts()).toEqual({ accepted: 5, refused: 0, dropped: 0, pending: 0 });
});

test("a second close with less time ends the first", async () => {
  hold();
  const tracker = newTracker();
  tracker.track({ name: "stuck" });
  const first = tracker.close(600_000);
  expect((await tracker.close(0)).undelivered).toHaveLength(1);
  expect((await first).undelivered).toHaveLength(1);
});

test("close tries at once what waits for another try", async () => {
  let fail = true;
  peer.answer = ({ events }) => {
    if (fail) throw new ConnectError("not now", Code.Unavailable, { "retry-after": "3600" });
    return { results: events.map(accepted) };
  };
  const tracker = newTracker();
  tracker.track({ name: "waiting" });
  await eventually(async () => (tracker.state().failedTries === 1 ? true : undefined));
  fail = false;
  expect(await tracker.close()).toMatchObject({ accepted: 1, undelivered: [] });
});

test("an event that grows too old is dropped, with a word on whether it may be stored", async () => {
  peer.answer = () => {
    throw new ConnectError("not now", Code.Unavailable);
  };
  const outcome = await newTracker({ maxAgeMs: 1000 }).track({ name: "old" });
  expect(outcome).toMatchObject({ outcome: "dropped", why: "TOO_OLD", mayBeStored: true, event: { name: "old" } });
});

test.each<[string, TrackerOptions]>([
  ["maxBatchEvents", { maxBatchEvents: 1001 }],
  ["maxBatchBytes", { maxBatchBytes: 5_000_000 }],
  ["lingerMs", { lingerMs: Number.NaN }],
  ["backoff.initialMs", { backoff: { initialMs: 0, maxMs: 10 } }],
  ["maxBufferedBytes", { maxBufferedBytes: 1000 }],
])("%s out of its bounds is named when the tracker is made", (name, options) => {
  expect(() => new Tracker(clients.ingest, options)).toThrow(new RegExp(`${name.replace(".", "\\.")} must be from`));
});

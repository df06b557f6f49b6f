import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { withConnection } from "@ocellus/suite/database-roles.ts";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { Watch } from "../services/ingest/test/watch.ts";
import { eventually } from "./support/eventually.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions"]);
});
afterAll(() => bed?.stop());

const eventCount = async () => {
  const { sessions } = await bed.client("sessions", SessionService).listSessions({ personId: "ann" });
  return sessions.length === 1 ? Number(sessions[0]!.eventCount) : undefined;
};
const untilCounted = (count: number) => eventually(async () => ((await eventCount()) === count ? true : undefined));

/** Leaves the tables as if they came from a server that has counted more transactions than this one. */
async function pretendRestored(): Promise<void> {
  await bed.query("update ingest.events set stored_xid = (pg_current_xact_id()::text::bigint + 300)::text::xid8");
  await bed.query(`
    insert into sessions.recounts (by_person, namespace, subject, snapshot)
    values (true, 'default', 'ann', '4000000000:4000000000:')`);
}

/** Has the server count on, beyond what the tables keep. */
const countTransactions = () =>
  withConnection(bed.adminUrl, async (client) => {
    for (let count = 0; count < 600; count++) await client.query("select pg_current_xact_id()");
  });

test("after a dump was restored and after-restore.sql run, watchers see new events alone, and sessions count them", async () => {
  const ingest = bed.client("ingest", IngestService);
  for (let index = 0; index < 3; index++) await ingest.trackEvent({ event: { name: "old", personId: "ann" } });
  await untilCounted(3);
  await pretendRestored();
  await bed.query(readFileSync(join(repositoryRoot, "deploy/postgres/after-restore.sql"), "utf8"));

  const watch = await Watch.start(bed.client("ingest", EventService), {});
  await countTransactions();
  const { event } = await ingest.trackEvent({ event: { name: "new", personId: "ann" } });
  await watch.until(1);
  expect(watch.events).toEqual([event]);
  await untilCounted(4);
  await watch.stop();
});

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { PersonService } from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import type { ServiceProcess } from "@ocellus/suite/service-process.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { holdUpStoring } from "../../../test/support/hold-up-storing.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let ingest: ServiceProcess;
let sessions: ServiceProcess;

beforeAll(async () => {
  // The first start of ingest makes the streams; sessions does not start without them.
  bed = await startTestBed([]);
  ingest = await bed.start("ingest");
  sessions = await bed.start("sessions");
});
afterAll(() => bed.stop());

const created = async () => {
  const persons = bed.client("sessions", PersonService);
  return (await persons.createPerson({ person: { email: "kate@x.org" } })).person!.id;
};
const signups = (personId: string) => bed.query("select id from ingest.events where person_id = $1", [personId]);
const unsent = () => bed.query("select from sessions.persons where not signup_sent");

test("persons are registered while ingest is away, and each signup is stored once when both have crashed and are back", async () => {
  await ingest.stop("SIGKILL");
  const ids = [await created(), await created(), await created()];
  expect(await unsent()).toHaveLength(3);
  await sessions.stop("SIGKILL");
  [ingest, sessions] = await Promise.all([bed.start("ingest"), bed.start("sessions")]);
  await eventually(async () => ((await unsent()).length === 0 ? true : undefined));
  for (const id of ids) {
    const [signup] = await eventually(async () => {
      const found = await signups(id);
      return found.length > 0 ? found : undefined;
    });
    const [person] = await bed.query("select signup_event_id from sessions.persons where id = $1", [id]);
    expect(signup?.id).toBe(person?.signup_event_id);
    expect(await signups(id)).toHaveLength(1);
  }
});

test("a signup that was sent and not noted as sent, before a crash, is stored once", async () => {
  const id = await created();
  await eventually(async () => ((await signups(id)).length === 1 ? true : undefined));
  await sessions.stop("SIGKILL");
  await bed.query("update sessions.persons set signup_sent = false where id = $1", [id]);
  sessions = await bed.start("sessions");
  await eventually(async () => ((await unsent()).length === 0 ? true : undefined));
  const after = await created();
  await eventually(async () => ((await signups(after)).length === 1 ? true : undefined));
  expect(await signups(id)).toHaveLength(1);
});

test("a deletion that takes long holds up no signup", async () => {
  const [deleted, waiting] = [await created(), await created()];
  await eventually(async () => ((await signups(deleted)).length === 1 ? true : undefined));
  const goOn = await holdUpStoring(bed);
  await bed.query("update sessions.persons set delete_time = now() - interval '1 minute' where id = $1", [deleted]);
  await eventually(async () => {
    const held = await bed.query(
      `select from pg_stat_activity where datname = current_database() and application_name = 'ocellus-ingest'
       and wait_event_type = 'Lock'`,
    );
    return held.length > 0 || undefined;
  });
  await bed.query(
    "update sessions.persons set signup_sent = false, create_time = create_time - interval '1 minute' where id = $1",
    [waiting],
  );
  await eventually(async () => ((await unsent()).length === 0 ? true : undefined));
  await goOn();
  await eventually(async () => ((await signups(deleted)).length === 0 ? true : undefined));
});

import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import {
  type ListPersonsRequestSchema,
  type Person,
  type PersonSchema,
  PersonService,
} from "@ocellus/proto/ocellus/sessions/v1/person_service_pb.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;
let persons: ServiceClient<typeof PersonService>;
let events: ServiceClient<typeof EventService>;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions"]);
  persons = bed.client("sessions", PersonService);
  events = bed.client("ingest", EventService);
});
afterAll(() => bed.stop());

const kate = { email: "kate.pryde@marauders.mock", firstName: "Kate", lastName: "Pryde", role: "admin" };

async function created(person: MessageInitShape<typeof PersonSchema> = {}) {
  const { person: answered } = await persons.createPerson({ person: { ...kate, ...person } });
  return answered!;
}

const signupsOf = async (personId: string) => (await events.listEvents({ personId, name: "signup" })).events;
const untilSignedUp = (personId: string) =>
  eventually(async () => {
    const [signup] = await signupsOf(personId);
    return signup;
  });

test("a person is registered with a signup event, which is stored once", async () => {
  const { person, signupEvent } = await persons.createPerson({ person: { ...kate, namespace: "shop" } });
  expect(person).toMatchObject({ ...kate, namespace: "shop", createTime: expect.anything() });
  expect(person?.updateTime).toBeUndefined();
  expect(signupEvent).toMatchObject({ namespace: "shop", name: "signup", personId: person!.id });
  const signup = await untilSignedUp(person!.id);
  expect(signup).toMatchObject({ id: signupEvent!.id, namespace: "shop", timestamp: person!.createTime });
  expect(JSON.stringify(signup, (_, value) => String(value))).not.toContain("@");
  expect(await signupsOf(person!.id)).toHaveLength(1);
  expect((await persons.getPerson({ id: person!.id.toUpperCase() })).person).toEqual(person);
});

test("what is left out has a default, and two may have the same e-mail address", async () => {
  const { person } = await persons.createPerson({ person: { email: kate.email } });
  expect(person).toMatchObject({ namespace: "default", role: "user", email: kate.email });
  expect([person?.firstName, person?.lastName]).toEqual([undefined, undefined]);
});

test("a person may bring an id, in any letter case, once", async () => {
  const id = randomUUID();
  expect((await created({ id: id.toUpperCase() })).id).toBe(id);
  expect(await errorOf(created({ id }))).toMatchObject({ code: status.ALREADY_EXISTS, reason: "PERSON_EXISTS" });
});

test("a bad person is refused with every offending field", async () => {
  const bad = {
    id: "7",
    namespace: "",
    email: "kate@",
    firstName: "",
    lastName: "n".repeat(151),
    role: "r".repeat(51),
  };
  const { code, fields } = await errorOf(persons.createPerson({ person: bad }));
  expect(code).toBe(status.INVALID_ARGUMENT);
  expect(fields.toSorted()).toEqual(
    ["email", "first_name", "id", "last_name", "namespace", "role"].map((field) => `person.${field}`),
  );
  expect((await errorOf(persons.createPerson({}))).fields).toEqual(["person"]);
});

test.each(["", "kate", "kate@", "@x", "a b@c.d", "a@b c", "a@-b.c", "a@b..c", `${"a".repeat(251)}@b.c`, "a@b\0"])(
  "the e-mail address %j is refused",
  async (email) => {
    expect((await errorOf(created({ email }))).fields).toEqual(["person.email"]);
  },
);

test.each(["kate@localhost", "o'neil+tag@sub.example.org", `${"a".repeat(250)}@b.c`])(
  "the e-mail address %j is taken",
  async (email) => {
    expect((await created({ email })).email).toBe(email);
  },
);

test("a mask changes what it names, and removes what it names and the person lacks", async () => {
  const { id, createTime } = await created();
  const update = { person: { id, email: "k@x.org" }, updateMask: { paths: ["email", "first_name", "role"] } };
  const { person } = await persons.updatePerson(update);
  expect(person).toMatchObject({ id, createTime, email: "k@x.org", lastName: "Pryde", role: "user" });
  expect([person?.firstName, person?.updateTime]).toEqual([undefined, expect.anything()]);
  expect((await persons.getPerson({ id })).person).toEqual(person);
});

test("an empty mask changes what the person has, and a star all but the namespace", async () => {
  const { id } = await created({ namespace: "stars" });
  const { person: merged } = await persons.updatePerson({ person: { id, lastName: "Rasputin" } });
  expect(merged).toMatchObject({ ...kate, lastName: "Rasputin" });
  const star = { person: { id, email: "k@x.org" }, updateMask: { paths: ["*"] } };
  const { person: replaced } = await persons.updatePerson(star);
  expect(replaced).toMatchObject({ namespace: "stars", email: "k@x.org", role: "user" });
  expect([replaced?.firstName, replaced?.lastName]).toEqual([undefined, undefined]);
});

test("a change that breaks a person's limits is refused, and changes nothing", async () => {
  const { id } = await created();
  const { person: before } = await persons.getPerson({ id });
  const bad = { id, email: "kate", firstName: "", namespace: "other" };
  expect((await errorOf(persons.updatePerson({ person: bad }))).fields).toEqual([
    "person.email",
    "person.first_name",
    "person.namespace",
  ]);
  const paths = { updateMask: { paths: ["id", "colour"] } };
  expect((await errorOf(persons.updatePerson({ person: { id }, ...paths }))).fields).toEqual(["update_mask"]);
  expect((await persons.getPerson({ id })).person).toEqual(before);
});

test("updates of one person at once land one after the other, each whole", async () => {
  const { id } = await created();
  const updates = Array.from({ length: 20 }, (_, n) =>
    persons.updatePerson({ person: { id, firstName: `f${n}`, lastName: `f${n}` } }),
  );
  const roles = persons.updatePerson({ person: { id, role: "captain" } });
  for (const { person } of await Promise.all(updates)) expect(person?.lastName).toBe(person?.firstName);
  await roles;
  const { person } = await persons.getPerson({ id });
  expect([person?.lastName, person?.role]).toEqual([person?.firstName, "captain"]);
});

test("an unknown person is not found, and a malformed id is refused", async () => {
  const calls = (id: string) => [
    () => persons.getPerson({ id }),
    () => persons.updatePerson({ person: { id } }),
    () => persons.deletePerson({ id }),
  ];
  for (const call of calls(randomUUID())) {
    expect(await errorOf(call())).toMatchObject({ code: status.NOT_FOUND, reason: "PERSON_NOT_FOUND" });
  }
  for (const call of calls("kate")) expect(await errorOf(call())).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test("a list holds what all its filters hold, newest first, and its pages are the whole", async () => {
  const namespace = "lists";
  const start = Date.now();
  const made: Person[] = [];
  for (let n = 0; n < 12; n++) {
    made.push(await created({ namespace, email: n % 2 ? "Odd@x.org" : `even${n}@x.org`, role: `r${n % 3}` }));
  }
  const all = made.toReversed().map(({ id }) => id);
  const listed = async (filters: MessageInitShape<typeof ListPersonsRequestSchema>) => {
    const ids: string[] = [];
    for (let pageToken = ""; ; ) {
      const page = await persons.listPersons({ namespace, ...filters, pageSize: 5, pageToken });
      ids.push(...page.persons.map(({ id }) => id));
      pageToken = page.nextPageToken;
      if (pageToken === "") return ids;
    }
  };
  // Those of one millisecond are in the order of their ids, which are random within it.
  const inOrder = (ids: string[]) => ids.toSorted((a, b) => all.indexOf(a) - all.indexOf(b));
  const of = (keep: (n: number) => boolean) => inOrder(made.filter((_, n) => keep(n)).map(({ id }) => id));
  const { persons: onePage } = await persons.listPersons({ namespace });
  expect(await listed({})).toEqual(onePage.map(({ id }) => id));
  expect(inOrder(await listed({}))).toEqual(all);
  expect(inOrder(await listed({ email: "oDD@x.ORG" }))).toEqual(of((n) => n % 2 === 1));
  expect(inOrder(await listed({ role: "r1" }))).toEqual(of((n) => n % 3 === 1));
  expect(inOrder(await listed({ role: "r1", email: "odd@x.org" }))).toEqual(of((n) => n % 6 === 1));
  expect(await listed({ createTimeMin: made[0]!.createTime!, createTimeMax: made[11]!.createTime! })).toHaveLength(12);
  expect(await listed({ createTimeMax: timestampFromDate(new Date(start - 1)) })).toEqual([]);
  const { nextPageToken: pageToken } = await persons.listPersons({ namespace, email: "odd@x.org", pageSize: 1 });
  expect(await errorOf(persons.listPersons({ namespace, pageSize: 1, pageToken }))).toMatchObject({
    reason: "INVALID_PAGE_TOKEN",
  });
  expect((await errorOf(persons.listPersons({ email: "", role: "\0", pageSize: -1 }))).fields).toEqual([
    "role",
    "email",
    "page_size",
  ]);
});

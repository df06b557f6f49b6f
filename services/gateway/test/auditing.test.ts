import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ClientService } from "@ocellus/proto/ocellus/access/v1/client_service_pb.ts";
import { registerClient } from "../../../test/support/access.ts";
import { callGateway, type Json } from "../../../test/support/call-gateway.ts";
import { tokenOf } from "../../../test/support/client-token.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { sendToken } from "../../../test/support/fetch-with-token.ts";
import { startTestBed, type TestBed } from "../../../test/support/test-bed.ts";

let bed: TestBed;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "gateway"]);
});
afterAll(() => bed.stop());

const call = (method: string, path: string, body?: unknown, token?: string) =>
  callGateway(bed.url, method, path, body, token);
const recordsBy = async (actor: string): Promise<Json[]> =>
  (await call("GET", `/v1/audit?actorId=${actor}`)).body.auditRecords;

const UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8058";

test("a record tells who did what to what, when, and what came of it", async () => {
  const client = await registerClient(bed.url);
  const token = await tokenOf(bed.url, client);
  const before = Date.now();
  const event = await call("POST", "/v1/events", { name: "n" }, token);
  await eventually(async () => ((await call("GET", `/v1/events/${event.body.id}`)).status === 200 ? true : undefined));
  await call("DELETE", `/v1/events/${event.body.id}`, undefined, token);
  await call("DELETE", `/v1/errors/${UNKNOWN}`, undefined, token);
  await call("POST", "/v1/errors:replay", { namespace: "shop", dryRun: true }, token);
  await call("POST", "/v1/sessions:close", { namespace: "shop" }, token);
  const person = await call("POST", "/v1/persons", { email: "kate.pryde@marauders.mock" }, token);
  await call("DELETE", `/v1/persons/${person.body.id}`, undefined, token);

  const records = await recordsBy(client.id);
  const brief = records.map(({ action, resource, outcome, errorCode }) => [
    action.split(".").at(-1),
    resource,
    outcome,
    errorCode,
  ]);
  expect(brief).toEqual([
    ["PersonService/DeletePerson", person.body.id, "AUDIT_OUTCOME_DONE", ""],
    ["SessionService/CloseSessions", '{"namespace":"shop"}', "AUDIT_OUTCOME_DONE", ""],
    ["EventErrorService/ReplayEventErrors", '{"namespace":"shop","dryRun":true}', "AUDIT_OUTCOME_DONE", ""],
    ["EventErrorService/DeleteEventError", UNKNOWN, "AUDIT_OUTCOME_FAILED", "NOT_FOUND"],
    ["EventService/DeleteEvent", event.body.id, "AUDIT_OUTCOME_DONE", ""],
  ]);
  for (const { actor, createTime } of records) {
    expect(actor).toEqual({ id: client.id, name: "a test", issuer: bed.url, address: "127.0.0.1" });
    expect(Math.abs(Date.parse(createTime) - before)).toBeLessThan(60_000);
  }
});

test("registering, changing, rotating and revoking clients is recorded, and no secret with it", async () => {
  const client = await registerClient(bed.url);
  await call("PATCH", `/v1/clients/${client.id}`, { displayName: "renamed" });
  const { body } = await call("POST", `/v1/clients/${client.id}:rotate`, {});
  await call("DELETE", `/v1/clients/${client.id}`);
  const records = await recordsBy(bed.administrator.id);
  expect(records.slice(0, 4).map(({ action }) => action.split("/").at(-1))).toEqual([
    "DeleteClient",
    "RotateClientSecret",
    "UpdateClient",
    "CreateClient",
  ]);
  expect((await call("GET", `/v1/audit?resource=${client.id}&pageSize=1`)).body.auditRecords).toEqual([records[0]]);
  for (const secret of [client.secret, body.clientSecret]) expect(JSON.stringify(records)).not.toContain(secret);
});

test("a request with a time that is none is recorded, and refused like any other", async () => {
  const clients = createClient(ClientService, createGrpcTransport({ baseUrl: bed.url, interceptors: [sendToken] }));
  const client = { id: UNKNOWN, displayName: "n", createTime: { seconds: 2n ** 60n } };
  const error = await clients.updateClient({ client }).catch(ConnectError.from);
  expect((error as ConnectError).code).toBe(Code.NotFound);
  expect((await recordsBy(bed.administrator.id))[0]).toMatchObject({ resource: "a request that has no JSON" });
});

test("reading is recorded by nobody, and the records are for administrators alone", async () => {
  const client = await registerClient(bed.url);
  const token = await tokenOf(bed.url, client);
  await call("GET", "/v1/events", undefined, token);
  expect(await recordsBy(client.id)).toEqual([]);
  expect((await call("GET", "/v1/audit", undefined, token)).status).toBe(403);
});

test("records beyond the bounds go, the oldest first", async () => {
  await bed.query(`
    insert into access.audit_records
    select gen_random_uuid(), now() - interval '10 days' + n * interval '1 second', 'old', '', '', '', 'a', 'r', 2, ''
    from generate_series(1, 1500) n`);
  await bed.start("gateway", { AUDIT_MAX_RECORDS: "1000" });
  const [left] = await eventually(async () => {
    const rows = await bed.query<{ count: number; first: boolean }>(
      "select count(*)::int as count, min(create_time) > now() - interval '10 days' + interval '400 seconds' as first from access.audit_records",
    );
    return rows[0]!.count <= 1000 ? rows : undefined;
  });
  expect(left).toEqual({ count: 1000, first: true });
  await bed.start("gateway", { AUDIT_KEEP: "1d" });
  await eventually(async () => ((await recordsBy("old")).length === 0 ? true : undefined));
  expect((await recordsBy(bed.administrator.id)).length).toBeGreaterThan(0);
});

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { clientCredentials } from "@ocellus/client/client-credentials.ts";
import { type Clients, createClients } from "@ocellus/client/create-clients.ts";
import { problemOf } from "@ocellus/client/problem.ts";
import { AggregationType, Granularity } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { eventually } from "./support/eventually.ts";
import { sharedServers } from "./support/shared-servers.ts";
import { startTestBed, type TestBed } from "./support/test-bed.ts";

const TRANSPORTS = ["mtls", "grpc", "connect"] as const;
let bed: TestBed;
let transports: Record<(typeof TRANSPORTS)[number], Clients>;

beforeAll(async () => {
  bed = await startTestBed(["ingest", "sessions", "aggregation", "gateway"]);
  const address = (server: "ingest" | "sessions" | "aggregation") => `127.0.0.1:${bed.ports[server]}`;
  const tlsFile = (name: string) => join(sharedServers().certificates, name);
  const token = clientCredentials({ gateway: bed.url, ...bed.administrator });
  transports = {
    mtls: createClients({
      servers: { ingest: address("ingest"), sessions: address("sessions"), aggregation: address("aggregation") },
      tls: { ca: tlsFile("ca.crt"), cert: tlsFile("developer.crt"), key: tlsFile("developer.key") },
    }),
    grpc: createClients({ gateway: bed.url, protocol: "grpc", token }),
    connect: createClients({ gateway: bed.url, token }),
  };
});
afterAll(async () => {
  for (const clients of Object.values(transports ?? {})) clients.close();
  await bed.stop();
});

test.each(TRANSPORTS)("over %s every service answers its typed client", async (name) => {
  const { ingest, events, eventErrors, sessions, aggregation } = transports[name];
  const { event } = await ingest.trackEvent({ event: { namespace: name, name: "ping", personId: "ann", value: 2 } });
  expect((await eventually(() => events.getEvent({ id: event!.id }))).event).toEqual(event);
  await eventually(async () => {
    const { sessions: found } = await sessions.listSessions({ namespace: name, personId: "ann" });
    return found[0]?.exitEventId === event?.id ? true : undefined;
  });
  await ingest.trackEvent({ event: { namespace: name, name: "" } }).catch(problemOf);
  const { eventErrors: found } = await eventually(async () => {
    const answer = await eventErrors.listEventErrors({ namespace: name });
    return answer.eventErrors.length > 0 ? answer : undefined;
  });
  expect(found).toMatchObject([{ namespace: name }]);
  const { rows } = await aggregation.queryAggregates({
    namespace: name,
    name: "ping",
    granularity: Granularity.HOUR,
    aggregationType: AggregationType.SUM,
  });
  expect(rows).toMatchObject([{ value: 2, count: 1n }]);
});

test.each(TRANSPORTS)("over %s an error tells its reason and every offending field", async (name) => {
  const failure = await transports[name].ingest.trackEvent({ event: { name: "", namespace: "" } }).catch(problemOf);
  expect(failure).toMatchObject({
    code: Code.InvalidArgument,
    reason: "INVALID_EVENT",
    violations: [{ field: "event.namespace" }, { field: "event.name" }],
  });
});

test.each(["mtls", "grpc"] as const)("over %s batches can be streamed", async (name) => {
  async function* batches() {
    yield { events: [{ name: "first" }] };
    yield { events: [{ name: "second" }, { name: "" }] };
  }
  const answers: (string | undefined)[][] = [];
  for await (const { results } of transports[name].ingest.streamEvents(batches())) {
    answers.push(results.map(({ result }) => result.case));
  }
  expect(answers).toEqual([["accepted"], ["accepted", "refused"]]);
});

test("a server of another authority is not called", async () => {
  const tlsFile = (name: string) => join(sharedServers().certificates, name);
  using strangers = createClients({
    servers: { ingest: `127.0.0.1:${bed.ports.ingest}`, sessions: "127.0.0.1:1", aggregation: "127.0.0.1:1" },
    // The developer's certificate is no authority.
    tls: { ca: tlsFile("developer.crt"), cert: tlsFile("developer.crt"), key: tlsFile("developer.key") },
  });
  const failure = await strangers.ingest.trackEvent({ event: { name: "ping" } }).catch(problemOf);
  expect(failure).toMatchObject({ message: expect.stringMatching(/certificate/) });
});

test("the example of the client's README runs as it is, with a client's id and secret", async () => {
  const folder = join(repositoryRoot, "packages/client");
  const [, example] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(folder, "README.md"), "utf8"))!;
  const { id, secret } = bed.administrator;
  const env = { OCELLUS_URL: bed.url, OCELLUS_CLIENT_ID: id, OCELLUS_CLIENT_SECRET: secret };
  const program = ["--input-type=module-typescript", "--eval", example!];
  const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: folder, env, timeout: 60_000 });
  expect(stdout).toContain("{ accepted: 1, refused: 0, dropped: 0, pending: 0 }");
  const { events } = await eventually(async () => {
    const answer = await transports.mtls.events.listEvents({ namespace: "shop" });
    return answer.events.length > 0 ? answer : undefined;
  });
  expect(events).toMatchObject([{ name: "pageview", personId: "ann", data: { path: "/doors" } }]);
});

import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { ensureCertificates } from "@ocellus/suite/certificates.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { type CuttableLink, startLink } from "../../../test/support/cuttable-link.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { CertificateFiles } from "./certificate-files.ts";
import { readConfig } from "./config.ts";
import { type Channel, openChannel } from "./grpc-client.ts";
import { type GrpcServer, startGrpcServer } from "./grpc-server.ts";
import { serve } from "./grpc-service.ts";
import { callRateOf, connectionLimitsOf, grpcLimits } from "./limit-variables.ts";
import { createLog } from "./log.ts";
import { peerService } from "./peer-service.ts";
import { tlsFilesIn } from "./tls.ts";

const folder = temporaryFolder();
const config = readConfig(grpcLimits, {});
/** Longer than a connection may take to come about. */
const STANDSTILL_MS = 2000;

/** A server, and a link to it that can be taken away, as when its process is killed. */
interface Copy {
  server: GrpcServer;
  link: CuttableLink;
  /** The ids that it was asked for. */
  asked: string[];
  /** Calls of the id "held" wait for it. */
  release: PromiseWithResolvers<void>;
}

const copies: Copy[] = [];
const channels: Channel[] = [];

beforeAll(() => ensureCertificates(folder.path));
afterEach(async () => {
  for (const channel of channels.splice(0)) channel.close();
  for (const { release, server, link } of copies.splice(0)) {
    release.resolve();
    await link[Symbol.asyncDispose]();
    await server.stop(0);
  }
});
afterAll(() => folder[Symbol.dispose]());

async function startCopy(port = 0): Promise<Copy> {
  const asked: string[] = [];
  const release = Promise.withResolvers<void>();
  const answer = async ({ id }: { id: string }) => {
    asked.push(id);
    if (id === "held") await release.promise;
    return {};
  };
  const handlers = { getEvent: answer, deleteEvent: answer };
  const server = await startGrpcServer([serve(EventService, handlers as never, { log: createLog("test", "silent") })], {
    ...{ host: "127.0.0.1", port, certificates: new CertificateFiles(tlsFilesIn(folder.path, "ingest")) },
    limits: {
      connections: connectionLimitsOf(config),
      messageBytes: config.MESSAGE_MAX_BYTES,
      calls: callRateOf(config),
      clients: [],
    },
  });
  const copy = { server, link: await startLink(server.port), asked, release };
  copies.push(copy);
  return copy;
}

function clientOf(address: string) {
  const channel = openChannel(address, tlsFilesIn(folder.path, "gateway"));
  channels.push(channel);
  return peerService(EventService, "ingest", channel);
}

/** Calls until each copy has been asked. */
async function untilAllAsked(client: ReturnType<typeof clientOf>): Promise<void> {
  await eventually(async () => {
    await client.getEvent({ id: "any" });
    return copies.every(({ asked }) => asked.length > 0) ? true : undefined;
  });
}

test("calls go to each address of a list in turn, whether it is named or numbered", async () => {
  const [one, other] = [await startCopy(), await startCopy()];
  const client = clientOf(`localhost:${one.server.port},127.0.0.1:${other.server.port}`);
  await untilAllAsked(client);
  const before = [one.asked.length, other.asked.length];
  for (let call = 0; call < 10; call++) await client.getEvent({ id: "any" });
  expect([one.asked.length - before[0]!, other.asked.length - before[1]!]).toEqual([5, 5]);
});

test("all addresses of a name are found by dns:///", async () => {
  const { server, asked } = await startCopy();
  await clientOf(`dns:///localhost:${server.port}`).getEvent({ id: "any" });
  expect(asked).toEqual(["any"]);
});

test("an address where nobody is, or a name that nobody has, holds up no call", async () => {
  const { server, asked } = await startCopy();
  const client = clientOf(`127.0.0.1:${server.port},127.0.0.1:${await freePort()},nobody.invalid:${server.port}`);
  // Nobody is asked before the resolver of this machine has said what it knows of the name.
  await eventually(() => client.getEvent({ id: "any" }));
  for (let call = 1; call < 10; call++) await client.getEvent({ id: "any" });
  expect(asked).toHaveLength(10);
});

test("where nobody is at any address, a call is answered UNAVAILABLE that names the service", async () => {
  const client = clientOf(`127.0.0.1:${await freePort()},127.0.0.1:${await freePort()}`);
  await expect(client.getEvent({ id: "any" })).rejects.toThrow(/ingest service/);
});

test("a process that stood still while it connected does not take its server for gone", async () => {
  const { server, asked } = await startCopy();
  const answer = clientOf(`127.0.0.1:${server.port}`).deleteEvent({ id: "any" });
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STANDSTILL_MS);
  await answer;
  expect(asked).toEqual(["any"]);
});

test("a copy that is gone gets no calls, and does again once it is back", async () => {
  const [one, other] = [await startCopy(), await startCopy()];
  const client = clientOf(`127.0.0.1:${one.server.port},127.0.0.1:${other.server.port}`);
  await untilAllAsked(client);
  await one.server.stop(0);
  const before = one.asked.length;
  for (let call = 0; call < 10; call++) await client.deleteEvent({ id: "any" });
  expect(one.asked.length).toBe(before);
  await startCopy(one.server.port);
  const back = copies.at(-1)!;
  await eventually(async () => {
    await client.getEvent({ id: "any" });
    return back.asked.length > 0 ? true : undefined;
  });
});

/** Has one of two copies wait with a call, and takes that copy away. */
async function loseDuring(call: (client: ReturnType<typeof clientOf>) => Promise<unknown>) {
  const [one, other] = [await startCopy(), await startCopy()];
  const client = clientOf(`127.0.0.1:${one.link.port},127.0.0.1:${other.link.port}`);
  await untilAllAsked(client);
  const answer = call(client);
  answer.catch(() => {});
  const asked = await eventually(async () => copies.find(({ asked }) => asked.includes("held")));
  const spare = asked === one ? other : one;
  spare.release.resolve();
  await asked.link[Symbol.asyncDispose]();
  return { answer, spare };
}

test("a call that reads is made again where its copy is lost before the answer", async () => {
  const { answer, spare } = await loseDuring((client) => client.getEvent({ id: "held" }));
  await answer;
  expect(spare.asked).toContain("held");
});

test("a call that changes something is not: nobody knows whether it was done", async () => {
  const { answer, spare } = await loseDuring((client) => client.deleteEvent({ id: "held" }));
  await expect(answer).rejects.toThrow(/ingest service/);
  expect(spare.asked).not.toContain("held");
});

import { appendFileSync, cpSync } from "node:fs";
import { connect as connectTo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { AckedPublisher } from "@ocellus/runtime/acked-publisher.ts";
import { consumeBatches } from "@ocellus/runtime/message-batches.ts";
import { connectQueue } from "@ocellus/runtime/nats.ts";
import { inboxPrefixOf, natsOptions } from "@ocellus/runtime/nats-options.ts";
import { EVENT_CHANGES, EVENT_ERRORS, EVENTS, ensureStreams } from "@ocellus/runtime/streams.ts";
import { type Nats, startNats } from "@ocellus/suite/nats-server.ts";
import { freePort } from "@ocellus/suite/ports.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { type ConnectionOptions, connect, Events } from "nats";
import pino from "pino";
import { foreignAuthority, suiteAuthority, type Wanted, writeCertificate } from "./support/certificates.ts";
import { eventually } from "./support/eventually.ts";
import { natsUser, sharedNats } from "./support/shared-nats.ts";

const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;
const folder = temporaryFolder();
const { signal } = new AbortController();
let nats: Nats;

beforeAll(async () => {
  nats = await startNats({ ...sharedNats(), dataDir: join(folder.path, "nats"), port: await freePort() });
  const ingest = await connectQueue(natsUser(nats.url, "ingest"), { log: pino({ level: "silent" }), signal });
  // Made, and then found as they are.
  for (let start = 0; start < 2; start++) {
    await ensureStreams(ingest, { eventsBytes: MIB, changesBytes: MIB, errorsBytes: MIB });
  }
  await ingest.close();
});
afterAll(async () => {
  await nats?.stop("SIGKILL");
  folder[Symbol.dispose]();
});

const USERS = ["ingest", "sessions", "aggregation"] as const;
const OTHER = { stream: "OTHER", subject: "ocellus.other", consumers: [] };
const STREAMS = [EVENTS, EVENT_CHANGES, EVENT_ERRORS, OTHER];

const ofStream = (stream: string, ...verbs: string[]) => verbs.map((verb) => `$JS.API.STREAM.${verb}.${stream}`);
const ofConsumer = (stream: string, consumer: string, ...verbs: string[]) =>
  verbs.map((verb) => `$JS.API.CONSUMER.${verb}.${stream}.${consumer}`);
const acknowledging = (stream: string, consumer: string) => [
  `$JS.ACK.${stream}.${consumer}.1.2.3.4.5`,
  `$JS.ACK._.account.${stream}.${consumer}.1.2.3.4.5`,
];

/** All that anybody might publish to. */
const PUBLISHED = [
  ...STREAMS.map(({ subject }) => subject),
  ...["ocellus.stored", "elsewhere", "_INBOX.anybody", ...USERS.map((name) => `${inboxPrefixOf(name)}.answer`)],
  ...["INFO", "STREAM.LIST", "STREAM.NAMES"].map((verb) => `$JS.API.${verb}`),
  ...["$SYS.REQ.SERVER.PING", "$SYS.REQ.USER.INFO", "$SYS.REQ.ACCOUNT.PING.CONNZ"],
  ...STREAMS.flatMap(({ stream, consumers }) => [
    ...ofStream(stream, "INFO", "CREATE", "UPDATE", "DELETE", "PURGE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN"),
    ...ofStream(stream, "MSG.GET", "MSG.DELETE", "PEER.REMOVE"),
    ...["DIRECT.GET", "CONSUMER.LIST", "CONSUMER.NAMES", "CONSUMER.CREATE"].map((verb) => `$JS.API.${verb}.${stream}`),
    ...[...consumers, "other"].flatMap((consumer) => [
      ...ofConsumer(stream, consumer, "CREATE", "DURABLE.CREATE", "INFO", "DELETE", "MSG.NEXT", "LEADER.STEPDOWN"),
      ...acknowledging(stream, consumer),
    ]),
  ]),
];

/** All that anybody might read. */
const READ = [
  ...[">", "*", "_INBOX.>", "_INBOX.*.>", "_INBOX.anybody", "ocellus.>", "ocellus.stored", "elsewhere"],
  ...STREAMS.map(({ subject }) => subject),
  ...USERS.map((name) => `${inboxPrefixOf(name)}.>`),
  ...["$JS.>", "$JS.API.>", "$JS.ACK.>", "$JS.EVENT.ADVISORY.>", "$SYS.>", "$SYS.REQ.SERVER.PING"],
];

interface Rights {
  publish: string[];
  subscription: string[];
}

const consuming = (stream: string, consumer: string) => [
  ...ofConsumer(stream, consumer, "INFO", "MSG.NEXT"),
  ...acknowledging(stream, consumer),
];

/** What each user needs, and nothing else. */
const RIGHTS: Record<(typeof USERS)[number], Rights> = {
  ingest: {
    publish: [
      ...["ocellus.events", "ocellus.event-changes", "ocellus.event-errors", "ocellus.stored", "$JS.API.INFO"],
      ...["EVENTS", "EVENT_CHANGES", "EVENT_ERRORS"].flatMap((stream) => ofStream(stream, "INFO", "CREATE", "UPDATE")),
      ...["EVENTS", "EVENT_CHANGES"].flatMap((stream) => ofStream(stream, "PURGE", "MSG.GET")),
      ...ofConsumer("EVENTS", "store-events", "CREATE"),
      ...ofConsumer("EVENT_ERRORS", "keep-errors", "CREATE"),
      ...ofConsumer("EVENT_CHANGES", "extend-sessions", "CREATE", "INFO"),
      ...ofConsumer("EVENT_CHANGES", "mark-buckets", "CREATE", "INFO"),
      ...consuming("EVENTS", "store-events"),
      ...consuming("EVENT_ERRORS", "keep-errors"),
    ],
    subscription: ["_INBOX.ingest.>", "ocellus.stored"],
  },
  sessions: {
    publish: ["$JS.API.INFO", ...consuming("EVENT_CHANGES", "extend-sessions")],
    subscription: ["_INBOX.sessions.>"],
  },
  aggregation: {
    publish: [
      "$JS.API.INFO",
      ...ofStream("EVENT_CHANGES", "INFO", "MSG.GET"),
      ...consuming("EVENT_CHANGES", "mark-buckets"),
    ],
    subscription: ["_INBOX.aggregation.>"],
  },
};

/** What of all that a user is not refused. */
async function allowedTo(name: string): Promise<Rights> {
  const connection = await connect(natsOptions(natsUser(nats.url, name)));
  const refused: Record<string, Set<string>> = { publish: new Set(), subscription: new Set() };
  const listen = async () => {
    for await (const { type, permissionContext } of connection.status()) {
      if (type === Events.Error) refused[permissionContext!.operation]!.add(permissionContext!.subject);
    }
  };
  void listen();
  for (const subject of PUBLISHED) connection.publish(subject);
  for (const subject of READ) connection.subscribe(subject, { callback: () => {} });
  // Refusals come before the answer, and are told of one after another.
  await connection.flush();
  await new Promise((resolve) => setImmediate(resolve));
  await connection.close();
  return {
    publish: PUBLISHED.filter((subject) => !refused.publish!.has(subject)),
    subscription: READ.filter((subject) => !refused.subscription!.has(subject)),
  };
}

test.each(USERS)("%s may do what it needs at NATS, and nothing else", async (name) => {
  const { publish, subscription } = await allowedTo(name);
  expect(publish.toSorted()).toEqual([...new Set(RIGHTS[name].publish)].toSorted());
  expect(subscription.toSorted()).toEqual(RIGHTS[name].subscription.toSorted());
});

test("what NATS refuses fails at once, and is logged", async () => {
  const lines: string[] = [];
  const log = pino({ level: "error" }, { write: (line: string) => void lines.push(line) });
  const sessions = await connectQueue(natsUser(nats.url, "sessions"), { log, signal });
  const denied = expect.objectContaining({ code: "PERMISSIONS_VIOLATION" });
  await expect(sessions.manager.streams.info("EVENTS")).rejects.toEqual(denied);
  const publisher = new AckedPublisher(sessions.connection, 600_000, inboxPrefixOf("sessions"));
  await expect(publisher.publish("ocellus.events", Buffer.from("x"))).rejects.toEqual(denied);
  await sessions.close();
  expect(JSON.parse(lines[0]!)).toMatchObject({
    msg: "NATS refuses: PERMISSIONS_VIOLATION",
    operation: "publish",
    subject: "$JS.API.STREAM.INFO.EVENTS",
  });
});

test("a consumer ends with an error once NATS does not let it read any more what it is sent", async () => {
  const quiet = { log: pino({ level: "silent" }), signal };
  const dataDir = join(folder.path, "changed");
  await using changed = await startNats({ ...sharedNats(), dataDir, port: await freePort() });
  const ingest = await connectQueue(natsUser(changed.url, "ingest"), quiet);
  await ensureStreams(ingest, { eventsBytes: MIB, changesBytes: MIB, errorsBytes: MIB });
  const sessions = await connectQueue(natsUser(changed.url, "sessions"), quiet);
  const source = { stream: EVENT_CHANGES.stream, consumer: "extend-sessions", max: 1 };
  const ended = expect(consumeBatches({ queue: sessions, ...quiet }, source, async () => {})).rejects.toMatchObject({
    code: "PERMISSIONS_VIOLATION",
  });
  await eventually(async () => {
    const { num_waiting } = await ingest.manager.consumers.info(source.stream, source.consumer);
    return num_waiting > 0 || undefined;
  });
  const less = '{ user: "sessions.ocellus", permissions: { publish: ">", subscribe: "elsewhere" } }';
  appendFileSync(join(dataDir, "nats-server.conf"), `authorization { users: [${less}] }\n`);
  changed.reload();
  await ended;
  await Promise.all([ingest.close(), sessions.close()]);
});

/** Whether NATS takes somebody. */
async function takes(tls: ConnectionOptions["tls"], user?: string): Promise<boolean> {
  try {
    const options = { servers: nats.url, tls, user, pass: user && "", reconnect: false, timeout: 20_000 };
    await (await connect(options)).close();
    return true;
  } catch {
    return false;
  }
}

/** Whether NATS takes a certificate of the suite's CA that names ingest, but for what it has instead. */
async function takesCertificate(wanted: Partial<Wanted>, user?: string): Promise<boolean> {
  const usual = { authority: suiteAuthority(), dns: ["ingest.ocellus"] };
  const files = await writeCertificate(join(folder.path, String(Math.random())), { ...usual, ...wanted });
  return takes({ caFile: files.ca, certFile: files.cert, keyFile: files.key }, user);
}

/** Whether NATS answers what comes without TLS, after its greeting. */
function takesPlain(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connectTo({ port: Number(new URL(nats.url).port), host: "127.0.0.1" });
  let heard = "";
  socket.on("data", (data) => {
    heard += data;
    if (heard.endsWith("PONG\r\n")) resolve(true);
  });
  socket.on("close", () => resolve(false));
  socket.on("error", () => resolve(false));
  socket.write('CONNECT {"verbose":false,"user":"operator.ocellus","pass":""}\r\nPING\r\n');
  return promise.finally(() => socket.destroy());
}

const named = (...dns: string[]) => takesCertificate({ dns });

test.each<[string, () => Promise<boolean>]>([
  ["no TLS", takesPlain],
  ["no certificate", () => takes({ caFile: natsUser(nats.url).files.ca })],
  ["a foreign CA", async () => takesCertificate({ authority: await foreignAuthority() })],
  ["an expired certificate", () => takesCertificate({ from: new Date("2020-01-01") })],
  ["a certificate that is not valid yet", () => takesCertificate({ from: new Date(Date.now() + DAY_MS) })],
  ["a name of another domain", () => named("ingest.example")],
  ["a name below a user's", () => named("evil.ingest.ocellus")],
  ["a name that a user's is below", () => named("ocellus", "*.ocellus")],
  ["a name that holds a user's", () => named("x,DNS:ingest.ocellus", "ingest.ocellus,x")],
  [
    "the name of a peer that has nothing to do there",
    () => named("gateway.ocellus", "developer.ocellus", "nats.ocellus"),
  ],
  ["such a name, and the login of a user", () => takesCertificate({ dns: ["gateway.ocellus"] }, "ingest.ocellus")],
])("NATS takes nobody with %s", async (_, taken) => {
  expect(await taken()).toBe(false);
});

test.each(["127.0.0.1", "localhost"])(
  "a service comes to no NATS at %s whose certificate names another host",
  async (host) => {
    const certificates = join(folder.path, "elsewhere");
    const wanted = { authority: suiteAuthority(), dns: ["elsewhere.example"] };
    const files = await writeCertificate(certificates, wanted);
    cpSync(files.ca, join(certificates, "ca.crt"));
    for (const kind of ["crt", "key"]) cpSync(join(certificates, `own.${kind}`), join(certificates, `nats.${kind}`));
    const dataDir = join(folder.path, host);
    await using other = await startNats({ ...sharedNats(), certificates, dataDir, port: await freePort() });
    const { port } = new URL(other.url);
    const coming = connect(natsOptions(natsUser(`tls://${host}:${port}`, "ingest")));
    await expect(coming).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  },
);

test.each([...USERS, "operator"])("NATS takes the certificate of %s", async (name) => {
  expect(await named("localhost", `${name}.ocellus`)).toBe(true);
});

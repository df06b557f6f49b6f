import { expect, test } from "@jest/globals";
import { port, str } from "envalid";
import { address, commonVariables, duration, readConfig, stateVariables, urlOf, wholeNumber } from "./config.ts";

const specs = {
  PORT: port({ desc: "where it listens" }),
  FILE: str({ desc: "what it reads" }),
  QUEUE: urlOf("nats")({ desc: "whom it asks" }),
  PATIENCE: duration({ default: 1000, desc: "how long it waits" }),
  SIZE: wholeNumber(1, 10)({ default: 5, desc: "how much it takes" }),
};

test("a complete environment is read, with what is left out by default", () => {
  expect(readConfig(specs, { PORT: "80", FILE: "a", QUEUE: "nats://b" })).toMatchObject({
    PORT: 80,
    FILE: "a",
    QUEUE: "nats://b",
    PATIENCE: 1000,
    SIZE: 5,
  });
});

test("everything that is missing or malformed is named at once, with what it is for", () => {
  const read = () => readConfig(specs, { PORT: "eighty", QUEUE: "http://b", PATIENCE: "soon", SIZE: "11" });
  for (const part of [
    /PORT cannot be "eighty".*where it listens/,
    /FILE is missing.*what it reads/,
    /QUEUE cannot be "http:\/\/b".*nats:\/\/.*whom it asks/,
    /PATIENCE cannot be "soon".*90s, 30m or 12h.*how long it waits/,
    /SIZE cannot be "11".*1 to 10.*how much it takes/,
  ]) {
    expect(read).toThrow(part);
  }
});

test("a secret that is malformed is not told", () => {
  const read = () =>
    readConfig(
      { QUEUE: specs.QUEUE, FIRST_SECRET: duration({ desc: "what nobody else knows" }) },
      { QUEUE: "http://ann:hunter2@b", FIRST_SECRET: "hunter2" },
    );
  expect(read).toThrow(/QUEUE cannot be "http:\/\/…@b".*whom it asks/);
  expect(read).toThrow(/FIRST_SECRET cannot be what it is.*what nobody else knows/);
  expect(read).not.toThrow("hunter2");
});

test("a service without any environment is told of every variable that it needs", () => {
  const read = () => readConfig({ ...commonVariables, ...stateVariables }, {});
  for (const name of ["HEALTH_PORT", "TLS_CA", "TLS_CERT", "TLS_KEY", "GRPC_PORT", "DATABASE_URL", "NATS_URL"]) {
    expect(read).toThrow(`${name} is missing`);
  }
});

test.each([
  ["250ms", 250],
  ["90s", 90_000],
  ["30m", 1_800_000],
  ["12h", 43_200_000],
  ["7d", 604_800_000],
])("%s are %d milliseconds", (PATIENCE, milliseconds) => {
  expect(readConfig({ PATIENCE: duration() }, { PATIENCE }).PATIENCE).toBe(milliseconds);
});

test.each(["0s", "-1s", "1", "1 s", "1.5h", ""])("%j is no length of time", (PATIENCE) => {
  expect(() => readConfig({ PATIENCE: duration() }, { PATIENCE })).toThrow("PATIENCE");
});

test.each([
  ["ingest:50051", true],
  ["[::1]:50051", true],
  ["ingest-0:50051,127.0.0.1:50052", true],
  ["dns:///ingest.ocellus.svc:50051", true],
  ["ingest", false],
  ["ingest:0", false],
  ["ingest:65536", false],
  ["ingest:50051,", false],
  ["ingest:50051, sessions:50051", false],
  ["dns:///a:1,b:1", false],
  ["dns://server/a:1", false],
  ["https://ingest:50051", false],
])("%j is an address: %s", (text, expected) => {
  const read = () => readConfig({ ADDRESS: address({ desc: "whom it calls" }) }, { ADDRESS: text });
  if (expected) expect(read().ADDRESS).toBe(text);
  else expect(read).toThrow(/expected host:port, several of these/);
});

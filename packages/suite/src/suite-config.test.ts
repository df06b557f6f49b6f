import { expect, test } from "@jest/globals";
import { readSuiteConfig } from "./suite-config.ts";

test("without any variable the suite takes its usual ports and the project's folder .ocellus", () => {
  const { dataDir, ports, databaseUrl, natsUrl } = readSuiteConfig({});
  expect(ports).toEqual({
    ...{ gateway: 8080, ingest: 50051, sessions: 50052, aggregation: 50053 },
    ...{ ingestHealth: 9464, sessionsHealth: 9465, aggregationHealth: 9466, gatewayHealth: 9467 },
    ...{ postgres: 15432, nats: 14222 },
  });
  expect(dataDir).toMatch(/\/\.ocellus$/);
  expect([databaseUrl, natsUrl]).toEqual([undefined, undefined]);
});

test("a variable moves a port, and an empty one changes nothing", () => {
  const { ports, databaseUrl } = readSuiteConfig({
    OCELLUS_HTTP_PORT: "9000",
    OCELLUS_NATS_PORT: "",
    DATABASE_URL: "",
  });
  expect([ports.gateway, ports.nats, databaseUrl]).toEqual([9000, 14222, undefined]);
});

test("further replicas have ports of their own, a hundred apart, but for the gateway's", () => {
  const { ports, furtherPorts } = readSuiteConfig({ REPLICAS: "3" }, "linux");
  expect(furtherPorts).toHaveLength(2);
  expect(furtherPorts[0]).toEqual({
    ...ports,
    ...{ ingest: 50151, sessions: 50152, aggregation: 50153 },
    ...{ ingestHealth: 9564, sessionsHealth: 9565, aggregationHealth: 9566, gatewayHealth: 9567 },
  });
  expect(furtherPorts[1]).toMatchObject({ gateway: 8080, ingest: 50251, gatewayHealth: 9667 });
  expect(readSuiteConfig({}).furtherPorts).toEqual([]);
  expect(() => readSuiteConfig({ REPLICAS: "0" })).toThrow(/REPLICAS cannot be "0": expected a whole number from 1/);
  expect(() => readSuiteConfig({ REPLICAS: "2" }, "darwin")).toThrow(/REPLICAS must be 1 here/);
});

test("one error names every variable that is malformed", () => {
  const read = () => readSuiteConfig({ OCELLUS_HTTP_PORT: "http", DATABASE_URL: "mysql://x", NATS_URL: "nats://x" });
  expect(read).toThrow(/OCELLUS_HTTP_PORT cannot be "http"/);
  expect(read).toThrow(/DATABASE_URL cannot be "mysql:\/\/x"/);
  expect(read).not.toThrow(/NATS_URL/);
});

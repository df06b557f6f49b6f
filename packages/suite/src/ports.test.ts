import { createServer } from "node:net";
import { expect, test } from "@jest/globals";
import { freePort, freePorts, rangeOf, requireFreePorts } from "./ports.ts";

test("free ports are all different and can be opened", async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
  await requireFreePorts(ports.map((port, index) => ({ port, name: `part ${index}`, variable: `PORT_${index}` })));
});

test("workers of the tests look in ranges that do not overlap, and others in all of them", () => {
  const ranges = ["1", "2", "3", "8"].map(rangeOf).toSorted(([a], [b]) => a - b);
  for (const [index, [from, below]] of ranges.entries()) {
    expect(below).toBeGreaterThan(from);
    expect(from).toBeGreaterThanOrEqual(ranges[index - 1]?.[1] ?? rangeOf(undefined)[0]);
  }
  expect(rangeOf(undefined)[1]).toBeGreaterThanOrEqual(ranges.at(-1)![1]);
});

test("one error names each port in use, what it is for, and the variable that moves it", async () => {
  const [a, b, free] = (await freePorts(3)) as [number, number, number];
  const holders = await Promise.all([a, b].map(hold));
  try {
    await expect(
      requireFreePorts([
        { port: a, name: "gateway", variable: "OCELLUS_HTTP_PORT" },
        { port: free, name: "NATS", variable: "OCELLUS_NATS_PORT" },
        { port: b, name: "PostgreSQL", variable: "OCELLUS_POSTGRES_PORT" },
      ]),
    ).rejects.toThrow(
      "Some ports cannot be had on 127.0.0.1:\n" +
        `  gateway: port ${a} is in use; set OCELLUS_HTTP_PORT to another port\n` +
        `  PostgreSQL: port ${b} is in use; set OCELLUS_POSTGRES_PORT to another port`,
    );
  } finally {
    await Promise.all(holders.map((release) => release()));
  }
});

test("a port given to two parts is refused", async () => {
  const port = await freePort();
  await expect(
    requireFreePorts([
      { port, name: "ingest", variable: "A" },
      { port, name: "sessions", variable: "B" },
    ]),
  ).rejects.toThrow(`sessions: port ${port} is also that of ingest; set B to another port`);
});

async function hold(port: number): Promise<() => Promise<unknown>> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return () => new Promise((resolve) => server.close(resolve));
}

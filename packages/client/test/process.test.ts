import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { eventually } from "../../../test/support/eventually.ts";
import { type IngestPeer, startIngestPeer } from "./ingest-peer.ts";

const folder = join(import.meta.dirname, "..");
let peer: IngestPeer;

beforeEach(async () => {
  peer = await startIngestPeer();
});
afterEach(async () => {
  await peer[Symbol.asyncDispose]();
});

const PREPARED = `
  import { createClients } from "@ocellus/client/create-clients.ts";
  import { Tracker } from "@ocellus/client/tracker.ts";
  const clients = createClients({ gateway: process.env.OCELLUS_URL });
`;

/** Runs a program in a process of its own; answers what it wrote and how it ended. */
async function run(
  program: string,
  whileItRuns = async (_: number) => {},
): Promise<{ output: string; code: number | null }> {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", program], {
    cwd: folder,
    env: { PATH: process.env.PATH, OCELLUS_URL: peer.url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit"), whileItRuns(child.pid!)]);
  return { output, code };
}

test("a process that comes to its end delivers first what it tracked, and then ends", async () => {
  const program = `${PREPARED}
    const tracker = new Tracker(clients.ingest, { lingerMs: 200 });
    for (let index = 0; index < 3; index++) tracker.track({ name: "event " + index });
  `;
  expect(await run(program)).toEqual({ output: "", code: 0 });
  expect(peer.batches.map((batch) => batch.map(({ name }) => name))).toEqual([["event 0", "event 1", "event 2"]]);
});

test("a server that is not there is UNAVAILABLE", async () => {
  // In a process of its own: the test runner's errors are not of the class that connect-node looks for.
  const program = `
    import { createClients } from "@ocellus/client/create-clients.ts";
    import { problemOf } from "@ocellus/client/problem.ts";
    for (const protocol of ["connect", "grpc"]) {
      const clients = createClients({ gateway: "http://127.0.0.1:1", protocol });
      process.stdout.write((await clients.ingest.batchTrackEvents({}).catch(problemOf)).code + " ");
    }
  `;
  expect((await run(program)).output).toBe(`${Code.Unavailable} ${Code.Unavailable} `);
});

test("a process that is told to end hands over what it could not deliver", async () => {
  peer.answer = (_, { signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve({})));
  const program = `${PREPARED}
    const tracker = new Tracker(clients.ingest);
    process.on("SIGTERM", async () => {
      const { undelivered } = await tracker.close(100);
      process.stdout.write(undelivered.map(({ id, name }) => id + " " + name).join(","));
    });
    tracker.track({ name: "stuck" });
  `;
  const { output, code } = await run(program, async (pid) => {
    await eventually(async () => (peer.batches.length > 0 ? true : undefined));
    process.kill(pid, "SIGTERM");
  });
  expect({ output, code }).toEqual({ output: `${peer.batches[0]![0]!.id} stuck`, code: 0 });
});

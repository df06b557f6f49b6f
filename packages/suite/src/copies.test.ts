import { expect, test } from "@jest/globals";
import { type BackgroundProcess, startBackgroundProcess } from "./background-process.ts";
import { Copies } from "./copies.ts";

const START_MS = 30_000;

function copiesOf(report: (line: string) => void = () => {}): Copies {
  return new Copies({
    name: "sleeper",
    report,
    start: (number) =>
      startBackgroundProcess({
        name: `sleeper ${number}`,
        command: process.execPath,
        args: ["-e", "setInterval(() => {}, 1000)"],
        environment: {},
      }),
  });
}

const never = new AbortController().signal;

test(
  "a copy that ends by itself is started again while another runs",
  async () => {
    const lines: string[] = [];
    const again = Promise.withResolvers<void>();
    const copies = copiesOf((line) => {
      lines.push(line);
      if (line.endsWith("runs again")) again.resolve();
    });
    const one = await copies.start(1, never);
    const two = await copies.start(2, never);
    process.kill(two.pid, "SIGKILL");
    await again.promise;
    expect(lines).toEqual([
      "sleeper 2 ended with code 137; its other copies go on, and it is started again",
      "sleeper 2 runs again",
    ]);
    expect(copies.running.get(1)).toBe(one);
    expect(copies.running.get(2)!.pid).not.toBe(two.pid);
    await copies.stop();
    await expectStopped([...copies.running.values()]);
  },
  START_MS,
);

test(
  "when the last copy ends the service has failed",
  async () => {
    const copies = copiesOf();
    const { pid } = await copies.start(1, never);
    process.kill(pid, "SIGKILL");
    expect((await copies.failed).message).toMatch(/^sleeper 1 ended with code 137/);
    expect(copies.running.size).toBe(0);
  },
  START_MS,
);

async function expectStopped(processes: BackgroundProcess[]): Promise<void> {
  expect(processes).toHaveLength(2);
  for (const { exited } of processes) expect(await exited).toBeGreaterThan(0);
}

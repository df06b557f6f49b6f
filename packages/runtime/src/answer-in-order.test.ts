import { duplexPair } from "node:stream";
import { expect, test } from "@jest/globals";
import { answerInOrder } from "./answer-in-order.ts";

const ANY = { most: 100, mostBytes: 1_000_000 };

/** A stream with its caller's end, and all that the caller is answered. */
function open() {
  const [stream, caller] = duplexPair({ objectMode: true });
  const answers: string[] = [];
  caller.on("data", (answer: Buffer) => answers.push(answer.toString()));
  return { stream, caller, answers };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const send = (caller: { write(request: Buffer): boolean }, ...requests: string[]) => {
  for (const request of requests) caller.write(Buffer.from(request));
};

test("answers come in the order of the requests, however long each takes", async () => {
  const { stream, caller, answers } = open();
  const first = Promise.withResolvers<Buffer>();
  const done = answerInOrder(stream, ANY, async (request) => (request.toString() === "1" ? first.promise : request));
  send(caller, "1", "2", "3");
  await turn();
  expect(answers).toEqual([]);
  first.resolve(Buffer.from("1"));
  caller.end();
  await done;
  await turn();
  expect(answers).toEqual(["1", "2", "3"]);
});

test.each([
  ["requests", { most: 3, mostBytes: 1_000_000 }],
  ["bytes", { most: 100, mostBytes: 3 }],
])("no more %s than the limit are under way, and all are answered", async (_, limit) => {
  const { stream, caller, answers } = open();
  let running = 0;
  let most = 0;
  const done = answerInOrder(stream, limit, async (request) => {
    most = Math.max(most, ++running);
    await turn();
    running--;
    return request;
  });
  const requests = Array.from({ length: 50 }, (_, index) => String(index % 10));
  send(caller, ...requests);
  caller.end();
  await done;
  await turn();
  expect(answers).toEqual(requests);
  expect(most).toBe(3);
});

test("a failure comes in its turn, after the answers before it", async () => {
  const { stream, caller, answers } = open();
  const done = answerInOrder(stream, ANY, async (request) => {
    if (request.toString() === "2") throw new Error("two");
    await turn();
    return request;
  });
  send(caller, "1", "2", "3");
  await expect(done).rejects.toThrow("two");
  await turn();
  expect(answers).toEqual(["1"]);
});

test("a caller that does not take its answers is read no further", async () => {
  const [stream, caller] = duplexPair({ objectMode: true, highWaterMark: 4 });
  let taken = 0;
  const done = answerInOrder(stream, { most: 4, mostBytes: 1_000_000 }, async (request) => {
    taken++;
    return request;
  });
  send(caller, ...Array.from({ length: 100 }, () => "x"));
  for (let turns = 0; turns < 50; turns++) await turn();
  expect(taken).toBeLessThan(30);
  caller.resume();
  caller.end();
  await done;
  expect(taken).toBe(100);
});

test("it ends when the caller is gone", async () => {
  const { stream, caller } = open();
  const done = answerInOrder(stream, ANY, () => new Promise(() => {}));
  send(caller, "1");
  await turn();
  stream.destroy();
  await expect(done).resolves.toBeUndefined();
});

import { Client, credentials, Metadata, Server, ServerCredentials, type ServerWritableStream } from "@grpc/grpc-js";
import { afterEach, expect, test } from "@jest/globals";
import { MOST_UNWRITTEN_BYTES, writeAhead } from "./write-ahead.ts";

const asItIs = (bytes: Buffer) => bytes;
const method = {
  path: "/test.Numbers/Count",
  requestStream: false,
  responseStream: true,
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
} as const;
type Call = ServerWritableStream<Buffer, Buffer>;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Calls a method that is served so, and answers its messages as numbers. */
async function numbersOf(serve: (call: Call) => void): Promise<number[]> {
  const server = new Server({ interceptors: [writeAhead] });
  server.addService({ count: method }, { count: serve });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  closing.push(
    () => client.close(),
    () => server.forceShutdown(),
  );
  const numbers: number[] = [];
  const stream = client.makeServerStreamRequest(method.path, asItIs, asItIs, Buffer.alloc(0), new Metadata());
  for await (const bytes of stream) numbers.push((bytes as Buffer).readUInt32BE());
  return numbers;
}

const MESSAGE_BYTES = 16;
const message = (number: number) => {
  const bytes = Buffer.alloc(MESSAGE_BYTES);
  bytes.writeUInt32BE(number);
  return bytes;
};
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

test("messages are handed on without waiting for each other, and more than may be unwritten are held back", async () => {
  const most = MOST_UNWRITTEN_BYTES / MESSAGE_BYTES;
  const heldBack: number[] = [];
  const numbers = await numbersOf((call) => {
    for (const number of upTo(most + 50)) {
      call.write(message(number));
      heldBack.push(call.writableLength);
    }
    call.end();
  });
  expect(numbers).toEqual(upTo(most + 50));
  expect(heldBack.slice(0, most - 1)).toEqual(new Array(most - 1).fill(0));
  expect(heldBack.at(-1)).toBe(51);
});

test("all messages come, in order, before the end of the stream", async () => {
  const numbers = await numbersOf((call) => {
    for (const number of upTo(5000)) call.write(message(number));
    call.end();
  });
  expect(numbers).toEqual(upTo(5000));
});

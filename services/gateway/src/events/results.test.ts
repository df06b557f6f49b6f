import { create, type MessageInitShape, toBinary, toJson } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import {
  BatchTrackEventsResponseSchema,
  type EventReceiptSchema,
  EventResultSchema,
} from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";
import { isAccepted, resultsIn } from "./results.ts";

const ID = "01890a5d-ac96-774b-bcce-b302099a8057";
const at = (seconds: bigint, nanos = 0) => ({
  timestamp: { seconds, nanos },
  receiveTime: timestampOf(1_790_000_000_123_000n),
});

const responseOf = (receipts: MessageInitShape<typeof EventReceiptSchema>[]) =>
  create(BatchTrackEventsResponseSchema, {
    results: receipts.map((value) => create(EventResultSchema, { result: { case: "accepted", value } })),
  });

test.each<[string, MessageInitShape<typeof EventReceiptSchema>[]]>([
  [
    "of usual times",
    [
      { id: ID, ...at(1_790_000_000n) },
      { id: ID, ...at(1_790_000_000n, 120_000_000) },
    ],
  ],
  [
    "with micro- and nanoseconds",
    [
      { id: ID, ...at(1_790_000_000n, 1000) },
      { id: ID, ...at(1_790_000_001n, 1) },
    ],
  ],
  [
    "of 1970, of long before, and of the last second",
    [0n, -62_135_596_800n, 253_402_300_799n].map((s) => ({ id: ID, ...at(s) })),
  ],
  ["of half a second before 1970", [{ id: ID, ...at(-1n, 500_000_000) }]],
  ["without times", [{ id: ID }]],
  ["without anything", [{}, { id: 'a"ä' }]],
  ["none", []],
])("receipts %s are read as the slow way writes them", (_, receipts) => {
  const response = responseOf(receipts);
  const results = resultsIn(Buffer.from(toBinary(BatchTrackEventsResponseSchema, response)));
  const json = toJson(BatchTrackEventsResponseSchema, response, { alwaysEmitImplicit: true });
  expect(JSON.stringify({ results: results.map((accepted) => ({ accepted })) })).toBe(JSON.stringify(json));
  expect(results.every(isAccepted)).toBe(true);
});

test("a refusal is read beside a receipt", () => {
  const refused = create(EventResultSchema, { result: { case: "refused", value: { code: 3, message: "no" } } });
  const response = responseOf([{ id: ID, ...at(1n) }]);
  response.results.push(refused);
  const results = resultsIn(Buffer.from(toBinary(BatchTrackEventsResponseSchema, response)));
  expect(results).toEqual([expect.objectContaining({ id: ID }), refused.result.value]);
  expect(results.map(isAccepted)).toEqual([true, false]);
});

test.each([
  ["holds something else than results", [0x12, 0]],
  ["ends within a result", [0x0a, 5, 0x0a]],
  ["holds a result without a case", [0x0a, 0]],
])("what %s is no answer", (_, bytes) => {
  expect(() => resultsIn(Buffer.from(bytes))).toThrow();
});

import { expect, test } from "@jest/globals";
import { ChangeType, EventChangesSchema } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { encode } from "@ocellus/runtime/message-codec.ts";
import { microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";
import { ChangesMessage } from "@ocellus/wire/read-changes.ts";
import { BucketCollector } from "./collect-buckets.ts";

const at = (time: string) => timestampOf(microsOfSql(time));
const stored = (namespace: string, name: string, time: string) => ({
  type: ChangeType.STORED,
  namespace,
  name,
  timestamp: at(time),
});

test("each bucket of the changed events is named once, in order", () => {
  const previous = { namespace: "größe", name: "hit", timestamp: at("1969-12-31T23:59:59.999999Z") };
  const changes = [
    stored("shop", "view", "2026-01-01T12:14:59.999999Z"),
    stored("shop", "view", "2026-01-01T12:15:00Z"),
    stored("shop", "view", "2026-01-01T12:00:00Z"),
    stored("größe", "hit", "0001-01-01T00:00:00Z"),
    stored("größe", "hit", "9999-12-31T23:59:59.999999Z"),
    stored("größe", "hit", "1969-12-31T23:50:00Z"),
    { type: ChangeType.UPDATED, namespace: "größe", name: "hit", timestamp: at("2026-01-01T00:00:00Z"), previous },
    { ...stored("shop", "view", "2026-01-01T12:07:00Z"), type: ChangeType.DELETED },
    { ...stored("shop", "sold", "2026-01-01T12:07:00Z"), type: ChangeType.DELETED },
    { type: ChangeType.STORED, namespace: "shop", name: "timeless" },
  ];
  const collector = new BucketCollector();
  new ChangesMessage(encode(EventChangesSchema, { changes })).tell(collector);
  expect(collector.all()).toEqual([
    ["größe", "hit", "0001-01-01T00:00:00.000000Z"],
    ["größe", "hit", "1969-12-31T23:45:00.000000Z"],
    ["größe", "hit", "2026-01-01T00:00:00.000000Z"],
    ["größe", "hit", "9999-12-31T23:45:00.000000Z"],
    ["shop", "sold", "2026-01-01T12:00:00.000000Z"],
    ["shop", "view", "2026-01-01T12:00:00.000000Z"],
    ["shop", "view", "2026-01-01T12:15:00.000000Z"],
  ]);
});

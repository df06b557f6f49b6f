import { DiscardPolicy, type JetStreamManager, StorageType } from "nats";

/** A stream as EVENTS is, that nobody reads. */
export const RAW_STREAM = "BENCH";
export const RAW_SUBJECT = "bench.raw";

/** Creates the stream, empty. */
export async function makeRawStream(manager: JetStreamManager): Promise<void> {
  await manager.streams.delete(RAW_STREAM).catch(() => {});
  await manager.streams.add({
    name: RAW_STREAM,
    subjects: [RAW_SUBJECT],
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_bytes: 2 ** 30,
  });
}

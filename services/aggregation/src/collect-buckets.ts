import type { EventChange } from "@ocellus/proto/ocellus/event/v1/stream_pb.ts";
import { isoOf, type Micros, microsOf } from "@ocellus/runtime/time.ts";
import type { ChangeTaker } from "@ocellus/wire/read-changes.ts";
import type { StoredChange } from "@ocellus/wire/stored-change.ts";
import { keyIn, textIn } from "@ocellus/wire/text.ts";
import { QUARTER_MICROS, quarterOf } from "./quarter.ts";

/** A base bucket as PostgreSQL reads it. */
export type Bucket = [namespace: string, name: string, start: string];

/** The events of one name, and the quarters of an hour in which they were, counted from 1970. */
interface Series {
  namespace: string;
  name: string;
  quarters: Set<number>;
}

const QUARTER_SECONDS = Number(QUARTER_MICROS / 1_000_000n);

/** Collects the buckets of changed events. */
export class BucketCollector implements ChangeTaker {
  /** By the bytes of the namespace, and of the name. */
  readonly #stored = new Map<string, Map<string, Series>>();
  readonly #others: Bucket[] = [];

  stored(change: StoredChange): void {
    const { bytes, nameStart, nameEnd, seconds } = change;
    const names = this.#namesOf(change);
    const key = keyIn(bytes, nameStart, nameEnd);
    let series = names.get(key);
    if (!series) {
      const namespace = textIn(bytes, change.namespaceStart, change.namespaceEnd);
      series = { namespace, name: textIn(bytes, nameStart, nameEnd), quarters: new Set() };
      names.set(key, series);
    }
    series.quarters.add(Math.floor(seconds / QUARTER_SECONDS));
  }

  other(change: EventChange): void {
    // An update may have taken the event from another bucket.
    for (const event of [change, change.previous]) {
      if (event?.timestamp) this.#others.push(bucketOf(event.namespace, event.name, microsOf(event.timestamp)));
    }
  }

  /** Each bucket once, in one order for all writers, so that their row locks do not deadlock. */
  all(): Bucket[] {
    const stored = [...this.#stored.values()].flatMap((names) =>
      [...names.values()].flatMap(({ namespace, name, quarters }) =>
        [...quarters].map((quarter) => bucketOf(namespace, name, BigInt(quarter) * QUARTER_MICROS)),
      ),
    );
    const buckets = new Map([...stored, ...this.#others].map((bucket) => [JSON.stringify(bucket), bucket]));
    return [...buckets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bucket]) => bucket);
  }

  #namesOf({ bytes, namespaceStart, namespaceEnd }: StoredChange): Map<string, Series> {
    const key = keyIn(bytes, namespaceStart, namespaceEnd);
    let names = this.#stored.get(key);
    if (!names) {
      names = new Map();
      this.#stored.set(key, names);
    }
    return names;
  }
}

const bucketOf = (namespace: string, name: string, time: Micros): Bucket => [namespace, name, isoOf(quarterOf(time))];

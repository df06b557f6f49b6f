import { randomUUID } from "node:crypto";
import {
  AggregationService,
  AggregationType,
  GapFill,
  Granularity,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { microsOf, timestampOf } from "@ocellus/runtime/time.ts";
import { eventually } from "../../../../test/support/eventually.ts";
import type { TestBed } from "../../../../test/support/test-bed.ts";
import type { Unit } from "./calendar-by-temporal.ts";
import type { Bucket, PlainEvent, Question, Type, Unsent } from "./plain-question.ts";

const UNITS: Record<Unit, Granularity> = {
  none: Granularity.NONE,
  second: Granularity.SECOND,
  minute: Granularity.MINUTE,
  hour: Granularity.HOUR,
  day: Granularity.DAY,
  week: Granularity.WEEK,
  month: Granularity.MONTH,
  quarter: Granularity.QUARTER,
  year: Granularity.YEAR,
};

const AGGREGATIONS: Record<Type, AggregationType> = {
  count: AggregationType.COUNT,
  sum: AggregationType.SUM,
  min: AggregationType.MIN,
  max: AggregationType.MAX,
  avg: AggregationType.AVG,
  rate: AggregationType.RATE,
  p50: AggregationType.P50,
  p75: AggregationType.P75,
  p90: AggregationType.P90,
  p95: AggregationType.P95,
  p99: AggregationType.P99,
  distinctPersons: AggregationType.DISTINCT_PERSONS,
  distinctSessions: AggregationType.DISTINCT_SESSIONS,
};

const FILLS = {
  none: GapFill.UNSPECIFIED,
  null: GapFill.NULL,
  previous: GapFill.PREVIOUS,
  zero: GapFill.ZERO,
};

export type Services = ReturnType<typeof servicesOf>;

/** Clients of what is told and asked. */
export const servicesOf = (bed: TestBed) => ({
  ingest: bed.client("ingest", IngestService),
  events: bed.client("ingest", EventService),
  aggregation: bed.client("aggregation", AggregationService),
});

/** Series of a namespace of their own, in the services and in what the test knows that they hold. */
export class AskedSeries {
  readonly namespace = randomUUID();
  readonly #bed: TestBed;
  readonly #services: Services;
  #events: PlainEvent[] = [];

  constructor(bed: TestBed, services: Services) {
    this.#bed = bed;
    this.#services = services;
  }

  /** The events of a series that must be stored now. */
  events(name: string): PlainEvent[] {
    return this.#events.filter((event) => event.name === name);
  }

  /** Tracks events, and answers them with the identities that they were given. */
  async track(unsent: Unsent[]): Promise<PlainEvent[]> {
    const events = unsent.map((event) => ({ ...event, id: randomUUID() }));
    if (events.length === 0) return events;
    // Where NATS does not confirm in time nobody knows whether they were taken; by their ids they are stored once.
    await eventually(async () => {
      const { results } = await this.#services.ingest.batchTrackEvents({
        events: events.map((event) => this.#sent(event)),
      });
      const refused = results.filter(({ result }) => result.case !== "accepted");
      if (refused.length > 0) throw new Error(`${refused.length} events were refused`);
      return true;
    });
    this.#events.push(...events);
    return events;
  }

  async update(event: PlainEvent): Promise<void> {
    await this.#services.events.updateEvent({ event: this.#sent(event), updateMask: { paths: ["*"] } });
    this.#events = this.#events.map((old) => (old.id === event.id ? event : old));
  }

  async delete(id: string): Promise<void> {
    await this.#services.events.deleteEvent({ id });
    this.#events = this.#events.filter((event) => event.id !== id);
  }

  /** Waits until all is stored, announced and marked. */
  async untilCounted(): Promise<void> {
    await this.untilStored();
    await eventually(async () => ((await this.#freshness()).pendingChanges === 0n ? true : undefined));
  }

  async untilStored(): Promise<void> {
    await eventually(async () => {
      const [row] = await this.#bed.query<{ stored: number }>(
        "select count(*)::int as stored from ingest.events where namespace = $1",
        [this.namespace],
      );
      return row?.stored === this.#events.length ? true : undefined;
    });
  }

  /** Waits until no bucket is dirty. */
  async untilClean(): Promise<void> {
    await eventually(async () => ((await this.#freshness()).dirtyBuckets === 0n ? true : undefined));
  }

  /** What the service answers. */
  async ask(name: string, question: Question): Promise<{ buckets: Bucket[]; estimated: boolean }> {
    const { min, max, unit, zone, types, fill, filters, groupBy, top } = question;
    const { rows, percentilesEstimated } = await this.#services.aggregation.queryAggregates({
      namespace: this.namespace,
      name,
      granularity: UNITS[unit],
      aggregationTypes: types.map((type) => AGGREGATIONS[type]),
      timeZone: zone,
      gapFill: FILLS[fill],
      filters,
      groupBy,
      top,
      tsMin: min === undefined ? undefined : timestampOf(min),
      tsMax: max === undefined ? undefined : timestampOf(max),
    });
    const buckets = rows.map(({ bucketStart, aggregatedTimestamp, count, values, group, other }) => ({
      start: microsOf(bucketStart!),
      first: aggregatedTimestamp && microsOf(aggregatedTimestamp),
      count: Number(count),
      values: values.map(({ value }) => value),
      group,
      other,
    }));
    return { buckets, estimated: percentilesEstimated };
  }

  #freshness = () => this.#services.aggregation.getFreshness({ namespace: this.namespace });

  #sent({ at, ...event }: PlainEvent) {
    return { ...event, namespace: this.namespace, timestamp: timestampOf(at) };
  }
}

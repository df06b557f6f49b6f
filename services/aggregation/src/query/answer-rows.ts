import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  AggregateRowSchema,
  AggregationType,
  QueryAggregatesRequest,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";

type Message = MessageInitShape<typeof AggregateRowSchema>;

/** One bucket, or one group in it, as PostgreSQL answers it. */
export interface AnsweredRow {
  bucket_start: string;
  /** Null in a row that fills a gap. */
  first_timestamp: string | null;
  /** Null in a row that fills a gap. */
  count: string | null;
  /** Of each type, in the order of the query; null where no event has a value. */
  values: (number | null)[];
  /** The rank of its group, where there are groups. */
  rank?: string;
  /** The value of the field that the bucket is split by, where it is. */
  group?: string | null;
  /** It sums up the groups that are not among the top. */
  other?: boolean;
}

/** The rows of an answer, and whether percentiles in it are estimates. */
export interface Answered {
  rows: AnsweredRow[];
  estimated: boolean;
}

/** The rows of an answer. */
export function messagesOf(rows: AnsweredRow[], request: QueryAggregatesRequest): Message[] {
  const { aggregationType, aggregationTypes } = request;
  const types = aggregationType ? [aggregationType, ...aggregationTypes] : aggregationTypes;
  return rows.map((row) => toMessage(row, aggregationTypes.length > 0 ? types : []));
}

/** About how many bytes an answer has, and rather more than fewer. */
export function bytesOf(rows: readonly AnsweredRow[]): number {
  return rows.reduce((bytes, { values, group }) => bytes + 72 + 16 * values.length + Buffer.byteLength(group ?? ""), 0);
}

function toMessage(row: AnsweredRow, types: AggregationType[]): Message {
  const { bucket_start, first_timestamp, count, values, group, other } = row;
  return {
    bucketStart: timestampOf(microsOfSql(bucket_start)),
    aggregatedTimestamp: first_timestamp === null ? undefined : timestampOf(microsOfSql(first_timestamp)),
    value: values[0] ?? undefined,
    count: BigInt(count ?? 0),
    values: types.map((aggregationType, index) => ({ aggregationType, value: values[index] ?? undefined })),
    group: group ?? undefined,
    other: other ?? false,
  };
}

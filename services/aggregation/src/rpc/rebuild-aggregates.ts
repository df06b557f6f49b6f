import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { EntityManager } from "@mikro-orm/postgresql";
import type {
  AggregationService,
  RebuildAggregatesRequest,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { Handlers } from "@ocellus/runtime/handlers.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { type ServiceError, unavailable } from "@ocellus/runtime/service-error.ts";
import { microsOfSql, timestampOf } from "@ocellus/runtime/time.ts";
import { TooLate, within } from "@ocellus/runtime/within.ts";
import type { State } from "../rebuild/compare-rollups.ts";
import { progressIn, tokenOf } from "../rebuild/rebuild-progress.ts";
import { rangeOf } from "../rebuild/rebuild-range.ts";
import { firstProgress, type RebuildContext, type RebuildStep, rebuildStep } from "../rebuild/rebuild-step.ts";

/** How often progress is told, where there is any, and how long at most nothing is. */
const TELL_EVERY_MS = 1000;
const SILENT_AT_MOST_MS = 4000;

const LENGTHS_MS = { quarters: 900_000, hours: 3_600_000, days: 86_400_000 };

/** What rebuilding works with. */
export interface RebuildOptions {
  em: EntityManager;
  queue: Queue;
  /** Ends all rebuilds: the process stops. */
  stopping: AbortSignal;
}

/**
 * Computes aggregates anew, and tells of differences and of progress until the range is done or the caller is gone. Throws
 * INVALID_ARGUMENT for a reversed range and for the token of another, UNAVAILABLE when the process stops.
 */
export function rebuildAggregates(options: RebuildOptions): Handlers<typeof AggregationService>["rebuildAggregates"] {
  const { em, queue, stopping } = options;
  return async function* (request, { signal }) {
    try {
      yield* rebuild({ em, queue, signal: AbortSignal.any([signal, stopping]) }, request);
    } catch (error) {
      if (signal.aborted) return;
      throw stopping.aborted ? stopped() : error;
    }
  };
}

async function* rebuild(context: RebuildContext, request: RebuildAggregatesRequest) {
  const range = rangeOf(request);
  const { resumeToken } = request;
  let progress = resumeToken === "" ? await firstProgress(context.em, range) : progressIn(resumeToken, range);
  const answer = (differences: ReturnType<typeof messagesOf> = [], done = false) => ({
    rebuiltBuckets: progress.rebuilt,
    differentBuckets: progress.different,
    differences,
    resumeToken: tokenOf(progress, range),
    done,
  });
  let toldAt = 0;
  for (let done = false; !done; ) {
    context.signal.throwIfAborted();
    const stepping = rebuildStep(context, range, progress);
    let step = await unlessLate(stepping);
    for (; !step; step = await unlessLate(stepping)) yield answer();
    progress = step.progress;
    done = step.stretch === undefined;
    if (done || step.differences.length > 0 || Date.now() - toldAt >= TELL_EVERY_MS) {
      toldAt = Date.now();
      yield answer(messagesOf(step), done);
    }
  }
}

/** What the step has done; undefined where it takes longer than a caller is to be left without an answer. */
async function unlessLate(step: Promise<RebuildStep>): Promise<RebuildStep | undefined> {
  try {
    return await within(SILENT_AT_MOST_MS, step);
  } catch (error) {
    if (error instanceof TooLate) return undefined;
    throw error;
  }
}

function messagesOf({ stretch, differences }: RebuildStep) {
  return differences.map(({ level, bucket_start, before, after }) => ({
    namespace: stretch!.namespace,
    name: stretch!.name,
    length: durationFromMs(LENGTHS_MS[level.table]),
    bucketStart: timestampOf(microsOfSql(bucket_start)),
    before: before ? stateOf(before) : undefined,
    after: after ? stateOf(after) : undefined,
  }));
}

const stateOf = ({ count, value_count, sum, min, max }: State) => ({
  count: BigInt(count),
  valueCount: BigInt(value_count),
  sum: sum ?? "",
  min,
  max,
});

function stopped(): ServiceError {
  return unavailable("This service stops; resume with the last resume_token", ErrorReason.SERVICE_UNAVAILABLE);
}

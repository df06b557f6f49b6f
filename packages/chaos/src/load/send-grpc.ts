import { type ServiceError as GrpcError, status } from "@grpc/grpc-js";
import type {
  BatchTrackEventsResponse,
  EventResult,
  IngestService,
} from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { answeredStatus, isGrpcError } from "@ocellus/runtime/answered-status.ts";
import type { ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { microsOf } from "@ocellus/runtime/time.ts";
import { answerOf, type Send } from "./answers.ts";
import type { Entry } from "./entry.ts";
import type { Answer } from "./ledger.ts";

type Ingest = ServiceClient<typeof IngestService>;

/** How many messages one stream carries. */
const STREAM_MESSAGES = 4;

/** Sends each event by itself, one after another. */
export function sendSingly(ingest: Ingest, timeoutMs: number): Send {
  return (entries) =>
    Promise.all(
      entries.map(async ({ event }): Promise<Answer> => {
        try {
          const answer = await ingest.trackEvent({ event }, { timeoutMs });
          return { kind: "accepted", id: answer.event!.id, timestamp: microsOf(answer.event!.timestamp!) };
        } catch (error) {
          return failure(error);
        }
      }),
    );
}

/** Sends the events in one request. */
export function sendBatch(ingest: Ingest, timeoutMs: number): Send {
  return async (entries) => {
    try {
      const { results } = await ingest.batchTrackEvents({ events: entries.map(({ event }) => event) }, { timeoutMs });
      return results.map(answerOf);
    } catch (error) {
      return entries.map(() => failure(error));
    }
  };
}

/** Sends the events over one stream, in a few messages. */
export function sendStream(ingest: Ingest, timeoutMs: number): Send {
  return async (entries) => {
    const size = Math.ceil(entries.length / STREAM_MESSAGES);
    async function* messages() {
      for (let start = 0; start < entries.length; start += size) {
        yield { events: entries.slice(start, start + size).map(({ event }) => event) };
      }
    }
    const results: EventResult[] = [];
    try {
      for await (const answer of ingest.streamEvents(messages(), { timeoutMs })) results.push(...answer.results);
      return rest(entries, results, { kind: "none", problem: "the stream ended without an answer" });
    } catch (error) {
      return rest(entries, results, failure(error));
    }
  };
}

function rest(entries: Entry[], results: BatchTrackEventsResponse["results"], otherwise: Answer): Answer[] {
  return entries.map((_, index) => (results[index] ? answerOf(results[index]) : otherwise));
}

/** What a failed call says. */
export function failure(error: unknown): Answer {
  if (!isGrpcError(error)) throw error;
  const answered = answeredStatus(error);
  return answered ? answerOf(answered) : { kind: "none", problem: problemOf(error) };
}

function problemOf({ code }: GrpcError): string {
  return `no answer: ${status[code]}`;
}

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  AggregationService,
  type GetFreshnessResponse,
  QueryAggregatesRequestSchema,
  QueryAggregatesResponseSchema,
} from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { type Channel, callRaw, clientOf, openChannel, type ServiceClient } from "@ocellus/runtime/grpc-client.ts";
import { decode, encode } from "@ocellus/runtime/message-codec.ts";
import { timestampOf } from "@ocellus/runtime/time.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { Pool } from "undici";
import { NAMESPACE } from "../ingest/events.ts";
import type { Measured } from "../ingest/test-suite.ts";
import { GRANULARITIES, type Query, TYPES } from "./queries.ts";

/** A row of an answer, whichever way it came. */
export interface Row {
  /** In milliseconds since 1970. */
  start: number;
  count: number;
  value: number | undefined;
}

/** Asks for the same bytes again and again, and reads an answer into rows. */
export interface Asker {
  ask(): Promise<Buffer>;
  rowsOf(answer: Buffer): Row[];
}

const PATIENCE_MS = 300_000;

/** Asks a suite over kept connections: through the gateway, and the aggregation service itself. */
export class Askers implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #authorization: string;
  readonly #channel: Channel;
  readonly #client: ServiceClient<typeof AggregationService>;

  constructor({ suite, token }: Pick<Measured, "suite" | "token">) {
    this.#authorization = `Bearer ${token}`;
    this.#pool = new Pool(suite.urls.gateway, {
      connections: 1,
      headersTimeout: PATIENCE_MS,
      bodyTimeout: PATIENCE_MS,
    });
    const address = `127.0.0.1:${suite.ports.aggregation}`;
    this.#channel = openChannel(address, tlsFilesIn(suite.certificates, "developer"));
    this.#client = clientOf(AggregationService, this.#channel);
  }

  /** GET /v1/aggregates, answered as JSON. */
  gateway({ name, min, max, granularity, type, timeZone }: Query): Asker {
    const query = new URLSearchParams({
      granularity,
      aggregationType: type,
      timeZone,
      tsMin: new Date(min).toISOString(),
      tsMax: new Date(max - 1).toISOString(),
    });
    const path = `/v1/aggregates/${NAMESPACE}/${name}?${query}`;
    return {
      ask: async () => {
        const headers = { authorization: this.#authorization };
        const { statusCode, body } = await this.#pool.request({ path, method: "GET", headers });
        const answer = Buffer.from(await body.arrayBuffer());
        if (statusCode !== 200) throw new Error(`GET ${path}: ${statusCode} ${answer}`);
        return answer;
      },
      rowsOf: (answer) => {
        const { rows = [] } = JSON.parse(answer.toString()) as {
          rows?: { bucketStart: string; count: string; value?: number }[];
        };
        return rows.map(({ bucketStart, count, value }) => ({
          start: Date.parse(bucketStart),
          count: Number(count),
          value,
        }));
      },
    };
  }

  /** QueryAggregates by gRPC. */
  direct({ name, min, max, granularity, type, timeZone }: Query): Asker {
    const request = encode(QueryAggregatesRequestSchema, {
      ...requestOf(name, min, max),
      granularity: GRANULARITIES[granularity],
      aggregationType: TYPES[type],
      timeZone,
    });
    return {
      ask: () => this.call(request),
      rowsOf: (answer) =>
        decode(QueryAggregatesResponseSchema, answer).rows.map(({ bucketStart, count, value }) => ({
          start: timestampDate(bucketStart!).getTime(),
          count: Number(count),
          value,
        })),
    };
  }

  /** GetFreshness by gRPC. */
  freshness(): Promise<GetFreshnessResponse> {
    return this.#client.getFreshness({}, { timeoutMs: PATIENCE_MS });
  }

  /** QueryAggregates with an encoded request. */
  call(request: Buffer): Promise<Buffer> {
    const { client } = this.#channel;
    return callRaw(client, AggregationService.method.queryAggregates, request, { timeoutMs: PATIENCE_MS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#channel.close();
    await this.#pool.close();
  }
}

/** The series and the window of a request; times in milliseconds, `max` the first after the window. */
export function requestOf(
  name: string,
  min: number,
  max: number,
): MessageInitShape<typeof QueryAggregatesRequestSchema> {
  return {
    namespace: NAMESPACE,
    name,
    tsMin: timestampOf(BigInt(min) * 1000n),
    tsMax: timestampOf(BigInt(max) * 1000n - 1n),
  };
}

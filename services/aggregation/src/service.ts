import type { EntityManager } from "@mikro-orm/postgresql";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { type Dependency, type ServedService, serve } from "@ocellus/runtime/grpc-service.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import type { Logger } from "pino";
import { AGGREGATION_PEERS } from "./peers.ts";
import type { PreparedStatements } from "./query/prepared-statements.ts";
import { getFreshness } from "./rpc/get-freshness.ts";
import { listSeries } from "./rpc/list-series.ts";
import { type QueryLimits, queryAggregates } from "./rpc/query-aggregates.ts";
import { rebuildAggregates } from "./rpc/rebuild-aggregates.ts";

/** What the RPCs work with. */
export interface ServiceOptions {
  em: EntityManager;
  statements: PreparedStatements;
  queue: Queue;
  database: Dependency;
  limits: QueryLimits;
  /** The peers that may call what is public. */
  clients: readonly string[];
  log: Logger;
  /** Ends what would not end by itself: the process stops. */
  stopping: AbortSignal;
}

/** The RPCs of the aggregation service. */
export function services({
  em,
  statements,
  queue,
  database,
  limits,
  clients,
  log,
  stopping,
}: ServiceOptions): ServedService[] {
  const aggregation = {
    queryAggregates: queryAggregates(em, statements, limits),
    listSeries: listSeries(em),
    getFreshness: getFreshness(em, queue),
    rebuildAggregates: rebuildAggregates({ em, queue, stopping }),
  };
  return [
    serve(AggregationService, aggregation, { log, requires: database, peers: { of: AGGREGATION_PEERS, clients } }),
  ];
}

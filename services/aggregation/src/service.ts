import type { EntityManager } from "@mikro-orm/postgresql";
import { AggregationService } from "@ocellus/proto/ocellus/aggregation/v1/aggregation_service_pb.ts";
import { type Dependency, type ServedService, serve } from "@ocellus/runtime/grpc-service.ts";
import type { Logger } from "pino";
import { queryAggregates } from "./rpc/query-aggregates.ts";

/** The RPCs of the aggregation service. */
export function services(em: EntityManager, database: Dependency, log: Logger): ServedService[] {
  const aggregation = {
    queryAggregates: queryAggregates(em),
  };
  return [serve(AggregationService, aggregation, { log, requires: database })];
}

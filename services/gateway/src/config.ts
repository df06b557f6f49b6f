import { address, commonVariables } from "@ocellus/runtime/config.ts";
import { port } from "envalid";

/** Every environment variable that the gateway reads. */
export const variables = {
  ...commonVariables,
  HTTP_PORT: port({ desc: "the port of REST, Connect, gRPC-Web and gRPC, without TLS" }),
  INGEST_ADDRESS: address({ desc: "where the ingest service serves gRPC, host:port" }),
  SESSIONS_ADDRESS: address({ desc: "where the sessions service serves gRPC, host:port" }),
  AGGREGATION_ADDRESS: address({ desc: "where the aggregation service serves gRPC, host:port" }),
};

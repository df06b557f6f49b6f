import { commonVariables } from "@ocellus/runtime/config.ts";
import { makeValidator, port } from "envalid";

/** A `host:port`; an IPv6 address stands in brackets. */
const address = makeValidator((input: string) => {
  const [, number] = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(input) ?? [];
  if (!number || Number(number) < 1 || Number(number) > 65_535) throw new Error("expected host:port");
  return input;
});

/** Every environment variable that the gateway reads. */
export const variables = {
  ...commonVariables,
  HTTP_PORT: port({ desc: "the port of REST, Connect, gRPC-Web and gRPC, without TLS" }),
  INGEST_ADDRESS: address({ desc: "where the ingest service serves gRPC, host:port" }),
  SESSIONS_ADDRESS: address({ desc: "where the sessions service serves gRPC, host:port" }),
  AGGREGATION_ADDRESS: address({ desc: "where the aggregation service serves gRPC, host:port" }),
};

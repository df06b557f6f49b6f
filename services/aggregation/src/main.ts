import { readConfig, tlsFilesOf } from "@ocellus/runtime/config.ts";
import { runService } from "@ocellus/runtime/lifecycle.ts";
import { openConnections } from "@ocellus/runtime/service-connections.ts";
import { awaitConsumer, EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { variables } from "./config.ts";
import { markBuckets } from "./consumers/mark-buckets.ts";
import { materialiseBuckets } from "./materialise-buckets.ts";
import { schema } from "./orm.config.ts";
import { services } from "./service.ts";

await runService("aggregation", async (lifecycle) => {
  const config = readConfig(variables);
  const { log, signal } = lifecycle;
  const { orm, queue, database, serve } = await openConnections(schema, config, lifecycle);
  const em = orm.em;

  await awaitConsumer(queue, EVENT_CHANGES.stream, "mark-buckets", lifecycle);
  lifecycle.background("mark-buckets", markBuckets({ queue, em, log, signal }));
  const everyMs = config.MATERIALISE_EVERY;
  lifecycle.background("materialising", materialiseBuckets({ queue, em, everyMs, log, signal }));

  await serve(services(em, database, log), {
    host: config.LISTEN_HOST,
    port: config.GRPC_PORT,
    tls: tlsFilesOf(config),
  });
});

import { readConfig } from "@ocellus/runtime/config.ts";
import { addressIn } from "@ocellus/runtime/database-address.ts";
import { forgetOld } from "@ocellus/runtime/forget-old.ts";
import { runService } from "@ocellus/runtime/lifecycle.ts";
import { openConnections } from "@ocellus/runtime/service-connections.ts";
import { awaitConsumer, EVENT_CHANGES } from "@ocellus/runtime/streams.ts";
import { variables } from "./config.ts";
import { markBuckets } from "./consumers/mark-buckets.ts";
import { forgetRollups } from "./forget-rollups.ts";
import { materialiseBuckets } from "./materialise-buckets.ts";
import { schema } from "./orm.config.ts";
import { PreparedStatements } from "./query/prepared-statements.ts";
import { tellRollups } from "./rollup-metrics.ts";
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

  const keepMs = config.ROLLUP_RETENTION;
  if (keepMs !== undefined) {
    lifecycle.background(
      "forgetting",
      forgetOld("rollups", () => forgetRollups(em, keepMs), lifecycle),
    );
  }

  tellRollups(em, log);
  const statements = new PreparedStatements(addressIn(config), config.DATABASE_POOL, em.getKysely());
  lifecycle.onStop("queries", () => statements.close());
  const limits = { scannedEvents: config.SCAN_LIMIT_ROWS, exactValues: config.EXACT_PERCENTILES_UP_TO };
  const serving = { queue, database, limits, clients: config.CLIENT_PEERS, log, stopping: signal };
  await serve(services({ em, statements, ...serving }), config.GRPC_PORT);
});

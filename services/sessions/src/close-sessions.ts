// The daily job for cron: `npm run sessions:close`. Closes what ended before 00:00 UTC today.
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { SessionService } from "@ocellus/proto/ocellus/sessions/v1/session_service_pb.ts";
import { readConfig } from "@ocellus/runtime/config.ts";
import { clientOf, openChannel } from "@ocellus/runtime/grpc-client.ts";
import { variables } from "./close-variables.ts";

try {
  const config = readConfig(variables);
  const files = { ca: config.OCELLUS_CA, cert: config.OCELLUS_CERT, key: config.OCELLUS_KEY };
  const channel = openChannel(config.OCELLUS_SESSIONS, files);
  try {
    const { closedCount, before } = await clientOf(SessionService, channel).closeSessions({}, { timeoutMs: 600_000 });
    process.stdout.write(`closed ${closedCount} sessions that ended before ${timestampDate(before!).toISOString()}\n`);
  } finally {
    channel.close();
  }
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
}

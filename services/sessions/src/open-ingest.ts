import { EventService } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import { IngestService } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import type { CertificateFiles } from "@ocellus/runtime/certificate-files.ts";
import { openChannel } from "@ocellus/runtime/grpc-client.ts";
import type { Lifecycle } from "@ocellus/runtime/lifecycle.ts";
import { peerService } from "@ocellus/runtime/peer-service.ts";

/** The ingest service, as persons use it. It is called upon at the first need, and may be away until then and after. */
export function openIngest(address: string, tls: CertificateFiles, { onStop }: Pick<Lifecycle, "onStop">) {
  const channel = openChannel(address, tls);
  onStop("channel to ingest", channel.close);
  return {
    ingest: peerService(IngestService, "ingest", channel),
    events: peerService(EventService, "ingest", channel),
  };
}

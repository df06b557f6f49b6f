import { type Client, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { BatchTrackEventsResponseSchema } from "@ocellus/proto/ocellus/ingest/v1/ingest_service_pb.ts";
import { openChannel } from "@ocellus/runtime/grpc-client.ts";
import { decode } from "@ocellus/runtime/message-codec.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { NotTaken } from "./retry.ts";

const SERVICE = "/ocellus.ingest.v1.IngestService";
const RETRY_AFTER_MS = 1000;
const asItIs = (bytes: Buffer) => bytes;

/** A client with the developer's certificate that sends bytes. */
export function openClient(address: string, certificates: string): Client {
  return openChannel(address, tlsFilesIn(certificates, "developer")).client;
}

/** Calls a unary method. Throws NotTaken where the queue did not take it. */
export function call(client: Client, method: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(`${SERVICE}/${method}`, asItIs, asItIs, request, new Metadata(), (error, answer) => {
      if (error) reject(isNotTaken(error) ? new NotTaken(RETRY_AFTER_MS) : error);
      else resolve(answer!);
    });
  });
}

/** Throws NotTaken where the queue took not all of a batch: sent again, those that it took are the same events. */
export function requireAllAccepted(answer: Buffer): void {
  const { results } = decode(BatchTrackEventsResponseSchema, answer);
  if (results.some(({ result }) => result.case === "refused")) throw new NotTaken(RETRY_AFTER_MS);
}

function isNotTaken({ code }: ServiceError): boolean {
  return code === status.RESOURCE_EXHAUSTED || code === status.UNAVAILABLE;
}

/**
 * Sends each request as a message of one stream, at most `inFlight` ahead of the acknowledgements, and waits for all of these. It
 * sends in bursts, as a producer does that waits until its stream drains.
 */
export async function streamAll(client: Client, requests: Buffer[], inFlight: number): Promise<Float64Array> {
  const stream = client.makeBidiStreamRequest(`${SERVICE}/StreamEvents`, asItIs, asItIs, new Metadata());
  const times = new Float64Array(requests.length);
  let sent = 0;
  let answered = 0;
  await new Promise<void>((resolve, reject) => {
    const fill = () => {
      for (; sent < requests.length && sent - answered < inFlight; sent++) {
        times[sent] = performance.now();
        stream.write(requests[sent]!);
      }
    };
    stream.on("data", () => {
      times[answered] = performance.now() - times[answered]!;
      answered++;
      if (answered === requests.length) resolve();
      else if (sent - answered <= inFlight / 2) fill();
    });
    stream.on("error", reject);
    fill();
  });
  stream.end();
  return times;
}

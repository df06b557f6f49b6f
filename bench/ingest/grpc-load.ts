import { join } from "node:path";
import { type Client, Metadata } from "@grpc/grpc-js";
import { openChannel } from "@ocellus/runtime/grpc-client.ts";
import { sendAll } from "./in-flight.ts";

const SERVICE = "/ocellus.ingest.v1.IngestService";
const asItIs = (bytes: Buffer) => bytes;

/** A client with the developer's certificate that sends bytes, and does not look at answers. */
export function openClient(address: string, certificates: string): Client {
  const file = (name: string) => join(certificates, name);
  return openChannel(address, { ca: file("ca.crt"), cert: file("developer.crt"), key: file("developer.key") }).client;
}

/** Calls a unary method with each request. */
export function callAll(client: Client, method: string, requests: Buffer[], inFlight: number): Promise<Float64Array> {
  const path = `${SERVICE}/${method}`;
  return sendAll(requests, inFlight, (request) => {
    return new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(path, asItIs, asItIs, request, new Metadata(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  });
}

/** Sends each request as a message of one stream, `inFlight` ahead of the acknowledgements, and waits for all of these. */
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
      else fill();
    });
    stream.on("error", reject);
    fill();
  });
  stream.end();
  return times;
}

import { Client, Metadata, Server, type ServerUnaryCall } from "@grpc/grpc-js";
import { expect, test } from "@jest/globals";
import { ensureCertificates } from "@ocellus/suite/certificates.ts";
import { temporaryFolder } from "@ocellus/suite/temporary-folder.ts";
import { CertificateFiles } from "./certificate-files.ts";
import { peerNameOf } from "./peer-name.ts";
import { clientCredentials, serverCredentials, tlsFilesIn } from "./tls.ts";

const asItIs = (bytes: Buffer) => bytes;
const method = {
  path: "/test.Peers/Name",
  requestStream: false,
  responseStream: false,
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
} as const;

test("a peer is known by its certificate, which is read once for a connection", async () => {
  using folder = temporaryFolder();
  await ensureCertificates(folder.path);
  const certificates = (name: string) => new CertificateFiles(tlsFilesIn(folder.path, name));
  let reads = 0;
  const server = new Server();
  server.addService(
    { name: method },
    {
      name: (call: ServerUnaryCall<Buffer, Buffer>, answer: (error: null, name: Buffer) => void) => {
        const read = call.getAuthContext.bind(call);
        call.getAuthContext = () => {
          reads++;
          return read();
        };
        answer(null, Buffer.from(peerNameOf(call)));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", serverCredentials(certificates("ingest")), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  for (const peer of ["gateway", "developer"]) {
    const target = { "grpc.ssl_target_name_override": "localhost" };
    const client = new Client(`127.0.0.1:${port}`, clientCredentials(certificates(peer)), target);
    const ask = () =>
      new Promise<string>((resolve, reject) => {
        client.makeUnaryRequest(method.path, asItIs, asItIs, Buffer.alloc(0), new Metadata(), (error, name) =>
          error ? reject(error) : resolve(String(name)),
        );
      });
    expect([await ask(), await ask(), await ask()]).toEqual([peer, peer, peer]);
    client.close();
  }
  expect(reads).toBe(2);
  server.forceShutdown();
});

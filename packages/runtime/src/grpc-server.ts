import type { DescFile } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation, type ServingStatus } from "grpc-health-check";
import type { CertificateFiles } from "./certificate-files.ts";
import type { ServedService } from "./grpc-service.ts";
import { limitCalls } from "./limit-calls.ts";
import { limitGrpcServer } from "./limit-grpc-server.ts";
import type { ConnectionLimits } from "./limit-variables.ts";
import { type Rate, RateLimit } from "./rate-limit.ts";
import { serverCredentials } from "./tls.ts";
import { writeAhead } from "./write-ahead.ts";

/** Within what a client's window may be filled before it waits for us. */
const FLOW_CONTROL_WINDOW = 8 * 1024 * 1024;

/** Where a server listens, and with which certificate. */
export interface GrpcServerOptions {
  host: string;
  port: number;
  certificates: CertificateFiles;
  limits: GrpcServerLimits;
}

/** How much a server bears. */
export interface GrpcServerLimits {
  connections: ConnectionLimits;
  /**
   * The largest request that is read at all. It lies above the contract's limits of 4 MiB, so that a batch beyond these is
   * refused by its handler, with its field, and not by the transport.
   */
  messageBytes: number;
  /** How often each of the clients may call. */
  calls: Rate;
  /** The peers that are clients: all others are of the suite, and trusted not to be a flood. */
  clients: readonly string[];
}

/** A listening server. */
export interface GrpcServer {
  port: number;
  /** Tells health clients to go elsewhere, lets running calls end for up to `graceMs`, then cuts off what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Serves the services, with `grpc.health.v1` and reflection, to peers with a certificate. Throws where the port is taken. */
export async function startGrpcServer(services: ServedService[], options: GrpcServerOptions): Promise<GrpcServer> {
  const { limits } = options;
  const server = new Server({
    "grpc.max_receive_message_length": limits.messageBytes,
    "grpc-node.flow_control_window": FLOW_CONTROL_WINDOW,
    interceptors: [limitCalls(new RateLimit(limits.calls), limits.clients), writeAhead],
  });
  const limited = limitGrpcServer(server, limits.connections);
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const health = new HealthImplementation();
  const setHealth = (status: ServingStatus) => {
    for (const name of ["", ...services.map(({ descriptor }) => descriptor.typeName)]) health.setStatus(name, status);
  };
  health.addToServer(server);
  reflectionOf(services).addToServer(server);

  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${options.host}:${options.port}`, serverCredentials(options.certificates), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const guard = limited.guard({ clients: limits.clients, isStream: isRequestStream(services) });
  setHealth("SERVING");
  return {
    port,
    async stop(graceMs) {
      setHealth("NOT_SERVING");
      const force = setTimeout(() => {
        server.forceShutdown();
        guard.cutOff();
      }, graceMs);
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      clearTimeout(force);
      guard.stop();
    },
  };
}

/** Whether a method takes a stream of requests. Reflection does, too. */
function isRequestStream(services: ServedService[]): (path: string) => boolean {
  const methods = services.flatMap(({ definition }) => Object.values(definition));
  const paths = new Set(methods.filter(({ requestStream }) => requestStream).map(({ path }) => path));
  return (path) => paths.has(path) || path.startsWith("/grpc.reflection.");
}

/** Reflection over the files that define the services, and all that these import. */
function reflectionOf(services: ServedService[]): ReflectionService {
  const files = new Map<string, DescFile>();
  const add = (file: DescFile) => {
    if (files.has(file.name)) return;
    file.dependencies.forEach(add);
    files.set(file.name, file);
  };
  for (const { descriptor } of services) add(descriptor.file);
  const fileDescriptorProtos = [...files.values()].map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)),
  );
  // The package reads nothing of a definition but its file descriptors.
  const definition = { ocellus: { format: "Protocol Buffer 3 DescriptorProto", type: {}, fileDescriptorProtos } };
  return new ReflectionService(definition as unknown as ConstructorParameters<typeof ReflectionService>[0], {
    services: services.map(({ descriptor }) => descriptor.typeName),
  });
}

import { openChannel } from "@ocellus/runtime/grpc-client.ts";
import { tlsFilesIn } from "@ocellus/runtime/tls.ts";
import { MemoryWatch } from "@ocellus/suite/memory-watch.ts";
import { afterwards } from "./afterwards.ts";
import { gatewayKind } from "./kinds/gateway-rpc.ts";
import { grpcKinds } from "./kinds/grpc.ts";
import type { Kind } from "./kinds/kind.ts";
import { pageKind } from "./kinds/pages.ts";
import { rawKinds } from "./kinds/raw.ts";
import { restKinds } from "./kinds/rest.ts";
import { tokenKinds } from "./kinds/tokens.ts";
import { prepare } from "./prepare.ts";
import { type Finding, type KindResult, runKind } from "./run-kind.ts";
import { Http2Client } from "./send/send-http2.ts";
import { type Target, urlOf } from "./target.ts";

export interface FuzzOptions {
  /** The same seed makes the same inputs of each kind. */
  seed: number;
  /** How many of all kinds together. */
  inputs: number;
  /** Only kinds whose name has this in it. */
  only?: string;
}

/** What came of all inputs. */
export interface FuzzResult {
  seconds: number;
  kinds: KindResult[];
  findings: Finding[];
  /** The most memory that each service held, in MiB. */
  memory: ReadonlyMap<string, number>;
}

/** Sends inputs of all kinds to a target, judges the answers, and looks at the end what has become of it. */
export async function runFuzz(target: Target, { seed, inputs, only = "" }: FuzzOptions): Promise<FuzzResult> {
  const start = performance.now();
  const surroundings = await prepare(target);
  const files = tlsFilesIn(target.certificates, "developer");
  const channels = {
    ingest: openChannel(`127.0.0.1:${target.ports.ingest}`, files),
    sessions: openChannel(`127.0.0.1:${target.ports.sessions}`, files),
    aggregation: openChannel(`127.0.0.1:${target.ports.aggregation}`, files),
  };
  const { ingest, sessions, aggregation } = channels;
  const clients = { ingest: ingest.client, sessions: sessions.client, aggregation: aggregation.client };
  const http2 = new Http2Client(urlOf(target));
  const gone = new AbortController();
  const underWay = new Map<object, string>();
  const findings = new Map<string, Finding>();
  for (const [name, service] of target.services) {
    service.failed.then(({ message }) => {
      const input = [...underWay.values()].join("\n");
      findings.set(`gone ${name}`, { kind: "all", problem: message, input });
      gone.abort();
    });
  }
  const memory = new MemoryWatch({
    nameOf: (pid) => [...target.services.values()].find((service) => service.pid === pid)?.name,
    failed: ({ message }) => findings.set("memory", { kind: "all", problem: message, input: "" }),
  });
  try {
    const kinds: Kind[] = [
      ...grpcKinds(surroundings, clients),
      gatewayKind(surroundings, http2),
      ...restKinds(surroundings),
      pageKind(surroundings),
      ...(await tokenKinds(surroundings, target.administrator)),
      ...(await rawKinds(surroundings, files)),
    ].filter(({ name }) => name.includes(only));
    const shares = kinds.reduce((sum, { share }) => sum + share, 0);
    const results = await Promise.all(
      kinds.map(async (kind, index): Promise<KindResult> => {
        const answers = new Map<string, number>();
        const each = Math.max(1, Math.round((inputs * kind.share) / shares / kind.parallel));
        const lanes = Array.from({ length: kind.parallel }, (_, lane) => {
          const key = {};
          const note = (input: string | undefined) =>
            input === undefined ? underWay.delete(key) : underWay.set(key, `${kind.name}: ${input}`);
          const own = { inputs: each, seed: seed + 1000 * index + lane, signal: gone.signal, underWay: note };
          return runKind(kind, { ...own, known: findings }, answers);
        });
        await Promise.all(lanes);
        return { name: kind.name, inputs: each * kind.parallel, answers };
      }),
    );
    const after = gone.signal.aborted ? [] : await afterwards(target, memory.peaks);
    return {
      seconds: (performance.now() - start) / 1000,
      kinds: results,
      findings: [...findings.values(), ...after],
      memory: memory.peaks,
    };
  } finally {
    memory.stop();
    http2.close();
    for (const channel of Object.values(channels)) channel.close();
  }
}

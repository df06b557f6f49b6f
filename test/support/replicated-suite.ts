import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { DATABASE_SERVICES, withConnection } from "@ocellus/suite/database-roles.ts";
import { passwordsFile } from "@ocellus/suite/prepare-database.ts";
import type { ServiceName } from "@ocellus/suite/service-process.ts";
import { type Suite, startSuite } from "@ocellus/suite/suite.ts";
import { freePortsOfCopies, type SuitePorts } from "@ocellus/suite/suite-ports.ts";
import { sharedServers, TEMPLATE } from "./shared-servers.ts";
import { Superuser } from "./superuser.ts";
import type { TestBed } from "./test-bed.ts";

/** A whole suite with several copies of each service, as `make up REPLICAS=n` starts it, on the PostgreSQL that all tests share. */
export interface ReplicatedSuite extends AsyncDisposable {
  suite: Suite;
  /** Of each copy. */
  copies: readonly SuitePorts[];
  /** What the suite has said so far. */
  lines: readonly string[];
  query: TestBed["query"];
  /** How many calls each copy of a service has answered since it was started. */
  served(name: ServiceName): Promise<number[]>;
}

export async function startReplicatedSuite(
  replicas: number,
  environment: Partial<Record<ServiceName, Record<string, string>>>,
): Promise<ReplicatedSuite> {
  const { adminUrl, folder, password } = sharedServers();
  const dataDir = join(folder, randomUUID());
  mkdirSync(dataDir);
  // Roles belong to the whole server: others use them with this password at the same time.
  const passwords = Object.fromEntries(DATABASE_SERVICES.map((name) => [name, password]));
  writeFileSync(passwordsFile(dataDir), JSON.stringify(passwords));
  const database = `test_${randomUUID().replaceAll("-", "")}`;
  await withConnection(adminUrl, (client) => client.query(`create database ${database} template ${TEMPLATE}`));
  const databaseUrl = new URL(adminUrl);
  databaseUrl.pathname = `/${database}`;
  const superuser = new Superuser(databaseUrl.href);

  const [ports, ...furtherPorts] = await freePortsOfCopies(replicas);
  const lines: string[] = [];
  const suite = await startSuite({
    ...{ dataDir, ports, furtherPorts, databaseUrl: databaseUrl.href },
    environment,
    report: (line) => lines.push(line),
  });
  const copies = [ports, ...furtherPorts];
  return {
    ...{ suite, copies, lines },
    query: (text, values) => superuser.query(text, values),
    served: (name) => Promise.all(copies.map((own) => servedAt(own[`${name}Health`]))),
    async [Symbol.asyncDispose]() {
      await Promise.all([suite.stop(), superuser.end()]);
      rmSync(dataDir, { recursive: true });
    },
  };
}

async function servedAt(healthPort: number): Promise<number> {
  const metrics = await new Promise<string>((resolve, reject) => {
    get(`http://127.0.0.1:${healthPort}/metrics`, { agent: false }, (response) => resolve(text(response))).on(
      "error",
      reject,
    );
  });
  const counts = metrics.matchAll(
    /^(?:grpc_server_handled_total|http_server_request_duration_seconds_count)\{.*\} (\d+)$/gm,
  );
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

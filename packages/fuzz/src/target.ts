import { readFileSync } from "node:fs";
import { join } from "node:path";
import { clientCredentials } from "@ocellus/client/client-credentials.ts";
import type { Administrator } from "@ocellus/suite/service-environment.ts";
import { SERVICES, type ServiceName, type ServiceProcess } from "@ocellus/suite/service-process.ts";
import { startSuite } from "@ocellus/suite/suite.ts";
import { freeSuitePorts, type SuitePorts } from "@ocellus/suite/suite-ports.ts";

/** A suite that runs, with its logs at the level `error`. */
export interface Target {
  ports: SuitePorts;
  /** The folder of its certificates. */
  certificates: string;
  administrator: Administrator;
  services: ReadonlyMap<ServiceName, ServiceProcess>;
  /** All that a service has logged so far. */
  logOf(name: ServiceName): string;
}

/** Where its gateway is. */
export function urlOf({ ports }: Target): string {
  return `http://127.0.0.1:${ports.gateway}`;
}

/** Answers tokens for all that its gateway has. */
export function tokensOf(target: Target): () => Promise<string> {
  return clientCredentials({ gateway: urlOf(target), ...target.administrator });
}

/** Starts a suite of its own, with all its data in `folder`. */
export async function startTarget(folder: string): Promise<Target & AsyncDisposable> {
  const environment = Object.fromEntries(SERVICES.map((name) => [name, { LOG_LEVEL: "error" }]));
  const suite = await startSuite({ dataDir: folder, ports: await freeSuitePorts(), environment });
  return {
    ...suite,
    services: new Map(SERVICES.map((name) => [name, suite.services[name]])),
    logOf: (name) => readFileSync(join(folder, "logs", `${name}.log`), "utf8"),
  };
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { parse } from "yaml";

/** A service of docker-compose.yml, as far as it is looked at. */
export interface ComposeService {
  image: string;
  build?: string;
  pull_policy?: string;
  entrypoint?: string[];
  command?: string[];
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  mem_limit?: string;
  pids_limit?: number;
  privileged?: boolean;
  restart?: string;
  profiles?: string[];
  networks?: string[];
  network_mode?: string;
  ports?: string[];
  environment?: Record<string, string | number>;
  volumes?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
}

/** docker-compose.yml. */
export interface ComposeFile {
  name: string;
  services: Record<string, ComposeService>;
  networks: Record<string, { internal?: boolean }>;
  volumes: Record<string, unknown>;
}

/** Reads docker-compose.yml as Compose does: with what its parts share put in, and the variables of the environment by their defaults. */
export function readComposeFile(): ComposeFile {
  const text = readFileSync(join(repositoryRoot, "docker-compose.yml"), "utf8");
  return parse(withDefaults(text), { merge: true });
}

/** `${NAME:-default}`, the innermost first: a default may hold another. */
function withDefaults(text: string): string {
  const filled = text.replaceAll(/\$\{\w+:-([^${}]*)\}/g, "$1");
  return filled === text ? text : withDefaults(filled);
}

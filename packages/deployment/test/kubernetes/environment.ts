import { type Manifest, named, type Tree } from "./manifests.ts";
import { podTemplates } from "./pods.ts";

/** What a container is given from a Secret, which nobody knows here. */
export const SECRET = Symbol("secret");

/** All environment variables of the containers whose program has this name, as Kubernetes would give them. Throws where there is none. */
export function environmentOf(manifests: readonly Manifest[], program: string): Record<string, string | typeof SECRET> {
  const containers = podTemplates(manifests).flatMap(({ spec }) => spec.containers as Tree[]);
  const container = containers.find(({ args }) => args?.[0] === program);
  if (!container) throw new Error(`No container runs ${program}`);
  const variables: Record<string, string | typeof SECRET> = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    Object.assign(variables, named(manifests, "ConfigMap", configMapRef.name).data);
  }
  for (const { name, value } of container.env ?? []) variables[name] = value ?? SECRET;
  return variables;
}

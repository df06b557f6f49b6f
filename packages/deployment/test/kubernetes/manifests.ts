import { join } from "node:path";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { runCommand } from "@ocellus/suite/run-command.ts";
import { parseAllDocuments } from "yaml";
import { findKubectl } from "./find-kubectl.ts";

/** The ways to run the suite on Kubernetes: the folders of deploy/k8s/overlays. */
export const OVERLAYS = ["local", "production"] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** An object of Kubernetes, or a part of one: what its schema allows. */
// biome-ignore lint/suspicious/noExplicitAny: its schema is checked by manifests.test.ts, and types would only repeat it
export type Tree = any;

/** An object of Kubernetes. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: Tree;
}

/** What `kubectl apply -k` would apply of an overlay. Throws what kubectl says is wrong. */
export async function manifestsOf(overlay: Overlay): Promise<Manifest[]> {
  const kubectl = await findKubectl(join(repositoryRoot, ".ocellus/bin"));
  const text = await runCommand(kubectl, ["kustomize", join(repositoryRoot, "deploy/k8s/overlays", overlay)]);
  return parseManifests(text);
}

/** The objects in YAML as Kubernetes reads it. Throws where a key stands twice. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text, { version: "1.1", uniqueKeys: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() as Manifest;
  });
}

/** The objects of a kind. */
export function ofKind(manifests: readonly Manifest[], ...kinds: string[]): Manifest[] {
  return manifests.filter(({ kind }) => kinds.includes(kind));
}

/** The one object of a kind and a name. Throws where there is none. */
export function named(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`There is no ${kind} ${name}`);
  return found;
}

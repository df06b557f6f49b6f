import { execFileSync, spawnSync } from "node:child_process";
import { statSync } from "node:fs";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** How to run a program as somebody who is not root. */
export interface Unprivileged {
  /** The user to whom its files must belong; undefined when this process is not root itself. */
  readonly owner?: User;
  /** What to hand to `spawn`. */
  command(program: string, args: readonly string[]): { command: string; args: string[]; user?: User };
}

/**
 * Finds how this process can run programs that refuse to be run by root. For root that is the owner of `folder`, else
 * the user `postgres` or `nobody`. Throws if there is no way for that user to get at the files
 * `paths`, which need not be readable.
 */
export function findUnprivileged(folder: string, paths: readonly string[]): Unprivileged {
  if (process.getuid?.() !== 0) return { command: (command, args) => ({ command, args: [...args] }) };
  const owner = ownerOf(folder) ?? userNamed("postgres") ?? userNamed("nobody");
  if (!owner) throw new Error("PostgreSQL does not run as root, and there is no user postgres or nobody: add one.");

  const plain: Unprivileged = { owner, command: (command, args) => ({ command, args: [...args], user: owner }) };
  // The project often lies where only root may go, such as /root. A capability lets the server pass through folders
  // without any change of their modes; containers commonly have only the second one.
  const ways = [plain, withCapability(owner, "dac_read_search"), withCapability(owner, "dac_override")];
  const way = ways.find((candidate) => paths.every((path) => reaches(candidate, path)));
  if (way) return way;
  throw new Error(
    `PostgreSQL does not run as root, and the user with uid ${owner.uid} cannot reach ${paths.join(" and ")}. ` +
      "Use another user than root, move the project to a folder that all users may enter, or set DATABASE_URL.",
  );
}

function withCapability(owner: User, name: string): Unprivileged {
  const identity = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, "--clear-groups"];
  // Without this bit access(2), by which initdb looks for its other programs, leaves capabilities out of account.
  const capability = ["--securebits=+no_setuid_fixup", `--inh-caps=+${name}`, `--ambient-caps=+${name}`];
  return {
    owner,
    command: (program, args) => ({ command: "setpriv", args: [...identity, ...capability, program, ...args] }),
  };
}

function reaches(way: Unprivileged, path: string): boolean {
  const { command, args, user } = way.command("test", ["-e", path]);
  return spawnSync(command, args, { ...user, cwd: "/", stdio: "ignore" }).status === 0;
}

function ownerOf(folder: string): User | undefined {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : undefined;
}

function userNamed(name: string): User | undefined {
  try {
    const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe" }));
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
}

import { accessSync, constants } from "node:fs";
import { delimiter, resolve } from "node:path";

/** Where PATH may not lead: Debian keeps servers from ordinary users' PATH, Homebrew's folder from that of `make`. */
const MORE_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/opt/homebrew/bin", "/usr/local/bin"];

/** The folders in which to look for programs. */
export function programFolders(): string[] {
  return [...(process.env.PATH ?? "").split(delimiter).filter(Boolean), ...MORE_FOLDERS];
}

/** The path of a program in the first of the folders that has it. */
export function findProgram(name: string, folders: readonly string[] = programFolders()): string | undefined {
  return folders.map((folder) => resolve(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { User } from "./unprivileged-user.ts";

export interface CommandOptions {
  cwd?: string;
  environment?: Readonly<Record<string, string>>;
  user?: User;
}

/**
 * Runs a program to its end, out of reach of the terminal's Ctrl-C, and answers what it wrote to standard output. Throws
 * with all that it wrote if it fails.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { cwd, environment, user } = options;
  const env = environment ? { ...environment } : process.env;
  const child = spawn(command, args, { cwd, env, ...user, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve, reject) => child.once("close", resolve).once("error", reject));
  const [code, output, problems] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new Error(`${command} ended with code ${code}:\n${`${output}${problems}`.trimEnd()}`);
  return output;
}

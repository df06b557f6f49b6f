import { join } from "node:path";

/**
 * Has Node keep what it compiles, which saves every process after the first a third of its start: where it does so already, or else in
 * a suite's data folder.
 */
export function compileCache(dataDir: string): { NODE_COMPILE_CACHE: string } {
  return { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(dataDir, "cache") };
}

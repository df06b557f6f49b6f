import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes results into a folder, made where it is missing: texts as they are, anything else as JSON. */
export function writeResults(folder: string, files: Record<string, string | object>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === "string" ? content : JSON.stringify(content, undefined, 1);
    writeFileSync(join(folder, name), `${text}\n`);
  }
}

import { closeSync, fstatSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const TAIL_BYTES = 64 * 1024;

/** Where a process writes what it has to say. */
export interface LogFile {
  readonly descriptor: number;
  /** The last lines written since it was opened. */
  lastLines(count: number): string;
  /** Keeps the last lines readable, and lets go of the file. */
  close(): void;
}

/** Opens a log for appending; without a path, one that nobody else sees and that is gone once closed. */
export function openLogFile(path?: string): LogFile {
  const descriptor = path === undefined ? openNameless() : openNamed(path);
  const start = fstatSync(descriptor).size;
  let closedWith: string | undefined;

  function tail(): string {
    const { size } = fstatSync(descriptor);
    const from = Math.max(start, size - TAIL_BYTES);
    const bytes = Buffer.alloc(size - from);
    return bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, bytes.length, from));
  }

  return {
    descriptor,
    lastLines: (count) => (closedWith ?? tail()).trimEnd().split("\n").slice(-count).join("\n"),
    close() {
      if (closedWith !== undefined) return;
      closedWith = tail();
      closeSync(descriptor);
    },
  };
}

function openNamed(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, "a+");
}

function openNameless(): number {
  const folder = mkdtempSync(join(tmpdir(), "ocellus-log-"));
  try {
    return openSync(join(folder, "log"), "a+");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

import { cpus, totalmem } from "node:os";

/** Where something was measured. */
export function machine() {
  const [cpu] = cpus();
  return {
    cpus: cpus().length,
    model: cpu?.model,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
}

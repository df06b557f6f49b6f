const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** What a shell says of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;

/** Exits when told to end: what this process has started is ended as it exits. */
export function exitWhenTold(): void {
  for (const signal of SIGNALS) process.on(signal, () => process.exit(INTERRUPTED));
}

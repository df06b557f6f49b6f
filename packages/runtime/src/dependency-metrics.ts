import { Gauge } from "prom-client";

const dependencies = new Map<string, () => boolean>();

new Gauge({
  name: "ocellus_dependency_reachable",
  help: "Whether what the process works with can be reached now: 1 or 0.",
  labelNames: ["dependency"],
  collect() {
    for (const [dependency, isReachable] of dependencies) this.set({ dependency }, isReachable() ? 1 : 0);
  },
});

/** Has the metrics tell whether something can be reached. */
export function tellReachable(dependency: "postgresql" | "nats", isReachable: () => boolean): void {
  dependencies.set(dependency, isReachable);
}

import { regexOf } from "@ocellus/runtime/glob.ts";
import { makeExactValidator } from "envalid";

/** What closes the sessions of a namespace: the idle timeout, or CloseSessions alone. */
export type Closing = "idle" | "daily";

/** How the sessions of the namespaces that a pattern matches are closed. */
export interface ClosingRule {
  /** A glob in which `*` stands for any text. */
  glob: string;
  closing: Closing;
}

/** By what sessions end. All replicas need the same. */
export interface SessionRules {
  idleTimeoutMs: number;
  /** The first that matches a namespace holds for it; where none does, the idle timeout closes. */
  closing: ClosingRule[];
}

/** Reads rules such as "shop-*=daily,*=idle". */
export const closingRules = makeExactValidator<ClosingRule[]>((input) =>
  input.split(",").map((rule) => {
    const [, glob, closing] = /^\s*(.+)=(idle|daily)\s*$/.exec(rule) ?? [];
    if (!glob) throw new Error("expected rules such as shop-*=daily,*=idle");
    return { glob, closing: closing as Closing };
  }),
);

/** What closes the sessions of a namespace. */
export function closingOf(namespace: string, { closing }: SessionRules): Closing {
  return closing.find(({ glob }) => regexOf(glob).test(namespace))?.closing ?? "idle";
}

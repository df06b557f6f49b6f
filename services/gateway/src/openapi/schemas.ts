import type { DescEnum, DescMessage, JsonObject } from "@bufbuild/protobuf";

/**
 * What a schema is for: what a client sends, what it sends with PATCH, which changes the fields that it holds, or what it is
 * answered. They differ: what is taken is more lenient than what is answered.
 */
export type Use = "input" | "patch" | "answer";

const SUFFIXES: Record<Use, string> = { input: "Input", patch: "Patch", answer: "" };

/** The schemas that are referred to by name, `components.schemas` of a document. */
export class Schemas {
  readonly #made = new Map<string, JsonObject>();
  /** Which type of the contract a name stands for. */
  readonly #types = new Map<string, string>();

  /** A reference to the schema of a type, which `make` makes the first time. */
  ofType(desc: DescMessage | DescEnum, use: Use, make: () => JsonObject): JsonObject {
    // What is a request by its name is never an answer.
    const suffix = use === "input" && desc.name.endsWith("Request") ? "" : SUFFIXES[use];
    const name = this.#nameOf(desc) + suffix;
    return this.named(name, make);
  }

  /** A reference to a schema, which `make` makes the first time. */
  named(name: string, make: () => JsonObject): JsonObject {
    if (!this.#made.has(name)) {
      // A type may hold itself: it is known before it is made.
      this.#made.set(name, {});
      this.#made.set(name, make());
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  /** All of them, by name. */
  get all(): JsonObject {
    return Object.fromEntries([...this.#made].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The short name, unless another type has it. */
  #nameOf({ name, typeName }: DescMessage | DescEnum): string {
    const owner = this.#types.get(name) ?? typeName;
    this.#types.set(name, owner);
    return owner === typeName ? name : typeName;
  }
}

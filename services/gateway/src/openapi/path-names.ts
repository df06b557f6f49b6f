import type { PathTemplate } from "../rest/path-template.ts";

/**
 * The paths of a document. In OpenAPI paths that differ only in the names of their variables are one path, while routes name
 * the fields that they bind: `/v1/events/{id}` and `/v1/events/{event.id}`. The first one names the variables of all.
 */
export class PathNames {
  readonly #first = new Map<string, PathTemplate>();

  /** The path without names: the same for all that are one path. */
  shapeOf({ text }: PathTemplate): string {
    return text.replace(/\{[^{}]*\}/g, "{}");
  }

  /** The path as the document has it. Patterns are left out, since it has none: `{name=shops/*}` is `{name}`. */
  pathOf(template: PathTemplate): string {
    const names = this.namesOf(template);
    return this.shapeOf(template).replace(/\{\}/g, () => `{${names.shift()}}`);
  }

  /** The names of the variables in it, in order. */
  namesOf(template: PathTemplate): string[] {
    const shape = this.shapeOf(template);
    const first = this.#first.get(shape) ?? template;
    this.#first.set(shape, first);
    return [...first.variables];
  }
}

import type { Violation } from "@ocellus/runtime/service-error.ts";

/** More than this are not listed: a body of 4 MiB could otherwise ask for an answer many times its size. */
const MAX_LISTED = 10_000;

/** What is wrong with one request, collected so that one answer can name it all. */
export class Problems {
  readonly #found = new Map<string, string>();
  #unlisted = 0;

  /** Reports a problem of the field at `path`, unless one of that field, or of what holds it, is known already. */
  add(path: string, description: string): void {
    const field = path || "body";
    if (this.#found.has(field) || enclosing(field).some((outer) => this.#found.has(outer))) return;
    if (this.#found.size < MAX_LISTED) this.#found.set(field, description);
    else this.#unlisted++;
  }

  /** Every problem, in the order of the reports. */
  get violations(): Violation[] {
    const listed = [...this.#found].map(([field, description]) => ({ field, description }));
    if (this.#unlisted === 0) return listed;
    return [...listed, { field: "body", description: `has ${this.#unlisted} further problems, not listed here` }];
  }
}

/** The path of a key inside the object at `path`. A key that is no plain name is quoted. */
export function pathOfKey(path: string, key: string): string {
  if (!/^[A-Za-z_][\w-]{0,99}$/.test(key)) return `${path}[${JSON.stringify(key.slice(0, 100))}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** The path of an item of the list at `path`. */
export function pathOfItem(path: string, index: number): string {
  return `${path}[${index}]`;
}

function enclosing(field: string): string[] {
  return [...field.matchAll(/[.[]/g)].map(({ index }) => field.slice(0, index));
}

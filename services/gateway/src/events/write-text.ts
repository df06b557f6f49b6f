import type { Growing } from "@ocellus/wire/growing.ts";

/** Writes a text as a field, and answers whether it is a text that UTF-8 can carry. */
export function writeText(tag: number, value: unknown, out: Growing): boolean {
  if (typeof value !== "string" || !value.isWellFormed()) return false;
  out.byte(tag);
  out.text(value);
  return true;
}

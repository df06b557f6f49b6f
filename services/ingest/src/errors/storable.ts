/** A text that can be searched for: no longer than any that is valid, and without what PostgreSQL cannot hold. */
export function storable(text: string): string {
  return text.slice(0, 255).toWellFormed().replaceAll("\0", "\ufffd");
}

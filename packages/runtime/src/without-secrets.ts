/** A text without the user and the password of a URL in it, even of one that is malformed. */
export function withoutSecrets(text: string): string {
  return text.replace(/[^/\s,]*@/g, "…@");
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether a text is a UUID in the form of RFC 9562, section 4, in any letter case. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

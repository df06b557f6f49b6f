const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set(Buffer.from("[{"));
const CLOSING = new Set(Buffer.from("]}"));

/** Whether a JSON text nests deeper than `max`. It is told before the text is parsed: what is deep takes fifty times its bytes. */
export function isTooDeep(bytes: Uint8Array, max: number): boolean {
  // A text of so few bytes cannot be too deep.
  if (bytes.length <= max) return false;
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) at = endOfText(bytes, at);
    else if (OPENING.has(byte)) {
      if (++depth > max) return true;
    } else if (CLOSING.has(byte)) depth--;
  }
  return false;
}

/** Where the text ends that begins at a quote; the last byte where it does not. */
function endOfText(bytes: Uint8Array, quote: number): number {
  let end = quote;
  for (;;) {
    end = bytes.indexOf(QUOTE, end + 1);
    if (end < 0) return bytes.length;
    let escapes = 0;
    while (bytes[end - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end;
  }
}

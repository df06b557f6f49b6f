/** A glob, in which `*` stands for any text, as a pattern of SQL's LIKE, in which a backslash escapes. */
export function likeOf(glob: string): string {
  return glob.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%");
}

/** The same glob as a regular expression. */
export function regexOf(glob: string): RegExp {
  return new RegExp(`^${glob.split("*").map(RegExp.escape).join("[^]*")}$`, "u");
}

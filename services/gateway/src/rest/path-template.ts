/** A path template of google.api.http, such as `/v1/errors/{id}:replay`. */
export interface PathTemplate {
  /** As the annotation has it. */
  text: string;
  /** The field paths that it binds, in order. */
  variables: string[];
  /** Whether its last segment is a literal, and no verb follows: the path of a collection. */
  isCollection: boolean;
  /** Matches a path as it was sent, and answers what each variable is bound to; undefined for any other path. */
  match(path: string): Map<string, string> | undefined;
  /** Of two templates that match, the one with the higher rank means the path more exactly. */
  rank: number;
}

const TOKEN = /\*\*|\*|\/|:|=|\{|\}|[^*/:={}]+/g;

/**
 * Compiles a template of the grammar in google/api/http.proto: literals, `*`, `**`, `{field}`, `{field=segments}` and a
 * `:verb` at the end. Throws for any other text.
 */
export function compilePathTemplate(text: string): PathTemplate {
  const tokens = text.match(TOKEN) ?? [];
  const variables: { field: string; isMany: boolean }[] = [];
  let pattern = "";
  let literals = 0;
  let at = 0;

  const fail = (): never => {
    throw new Error(`"${text}" is no path template: it cannot be read from "${tokens.slice(at).join("")}" on`);
  };
  const take = (expected?: string): string => {
    const token = tokens[at] ?? fail();
    if (expected !== undefined && token !== expected) fail();
    at++;
    return token;
  };
  const segment = (): string => {
    const token = take();
    if (token === "*") return "[^/]+";
    if (token === "**") return ".*";
    if (/^[/:={}]$/.test(token)) {
      at--;
      fail();
    }
    literals++;
    return token.replace(/[.+?^$()|[\]\\]/g, "\\$&");
  };
  const segments = (): string => {
    let joined = segment();
    while (tokens[at] === "/") joined += take() + segment();
    return joined;
  };
  const variable = (): string => {
    take("{");
    const field = take();
    let inner = "[^/]+";
    let isMany = false;
    if (tokens[at] === "=") {
      take();
      const start = at;
      inner = segments();
      isMany = at - start > 1 || tokens[start] === "**";
    }
    take("}");
    variables.push({ field, isMany });
    return `(${inner})`;
  };

  do {
    pattern += take("/");
    pattern += tokens[at] === "{" ? variable() : segment();
  } while (tokens[at] === "/");
  const last = tokens[at - 1]!;
  const hasVerb = tokens[at] === ":";
  if (hasVerb) pattern += take() + segment();
  if (at < tokens.length) fail();

  const whole = new RegExp(`^${pattern}$`);
  return {
    text,
    variables: variables.map(({ field }) => field),
    isCollection: !hasVerb && !/^[*}]/.test(last),
    match(path) {
      const found = whole.exec(path);
      if (!found) return undefined;
      return new Map(variables.map(({ field, isMany }, index) => [field, decode(found[index + 1]!, isMany)]));
    },
    rank: literals * 2 + (hasVerb ? 1 : 0),
  };
}

/** Several segments keep their `%2F`, since it could not be told from the slashes between them. */
function decode(text: string, isMany: boolean): string {
  if (!isMany) return decodeURIComponent(text);
  return text
    .split(/(%2f)/i)
    .map((part) => (/^%2f$/i.test(part) ? part : decodeURIComponent(part)))
    .join("");
}

import { globSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { repositoryRoot } from "@ocellus/suite/repository.ts";

/**
 * What becomes a part of a statement as it is, and why no text of a request is in it. All other SQL is made with kysely's `sql`, in which what
 * stands in braces is a parameter, or by MikroORM. Whoever adds a line here says why.
 */
const ALLOWED: Record<string, Record<string, string>> = {
  "packages/chaos/src/target/target.ts": {
    "query(`alter table ingest.events add constraint no_poison check (name <> '${POISON}')`)": "a constant",
  },
  "packages/runtime/src/list-newest-first.ts": {
    'raw("(select ?::text)", [text])': "the text is a parameter",
    'raw(`(${columns}) ${comparison} (${key.map(() => "?").join(", ")})`, [isoOf(time), ...texts])':
      "names of columns, of constants; the texts are parameters",
  },
  "packages/runtime/src/namespace-condition.ts": {
    'raw(patterns.map(() => "namespace like ?").join(" or "), patterns)': "as many parameters as patterns",
    'raw("false")': "a constant",
  },
  "packages/suite/src/database-roles.ts": {
    "query(`create database ${client.escapeIdentifier(name)}`)":
      "a name of the suite, quoted: it cannot be a parameter",
    "query(`alter role ${role} login password ${client.escapeLiteral(passwords[service])}`)":
      "a constant, and a password of the suite, quoted: it cannot be a parameter",
    "query(`grant connect on database ${database} to ${role}`)": "a name of the suite, quoted, and a constant",
  },
  "services/aggregation/src/query/buckets.ts": {
    'sql.lit(unit === "quarter" ? "3 months" : `1 ${unit}`)': "a unit, of constants",
    "sql.lit(unit)": "a unit, of constants",
  },
  "services/aggregation/src/query/cover-coarsest.ts": { "sql.lit(unit)": "a unit, of constants" },
  "services/aggregation/src/query/cover-spans.ts": { "sql.lit(unit)": "a unit, of constants" },
  "services/aggregation/src/query/fill-gaps.ts": { "sql.lit(months)": "a number, of constants" },
  "services/aggregation/src/query/histogram.ts": {
    "sql.lit(String(value))": "a number",
    "sql.raw(String(value))": "a number",
  },
  "services/aggregation/src/query/level-steps.ts": { "sql.raw(`${name}_${table}`)": "a table, of constants" },
  "services/aggregation/src/query/levels.ts": { "sql.lit(length)": "a length, of constants" },
  "services/ingest/src/store-by-copy.ts": {
    'query(`insert into ingest.outbox (id, payload) values ${rows.join(", ")}`, values)': "numbers of parameters",
  },
  "services/sessions/src/is-open-condition.ts": {
    "raw(open ? `(${isOpen})` : `not (${isOpen})`, [idleSince, ...patterns])": "as many parameters as patterns",
  },
  "services/sessions/src/rpc/list-persons.ts": {
    'raw("lower(email) = lower(?)", [email])': "the text is a parameter",
  },
};

/** Migrations make statements of constants, before there is any request. */
const SOURCES = globSync(["packages/*/src/**/*.ts", "services/*/src/**/*.ts"], { cwd: repositoryRoot }).filter(
  (path) => !path.endsWith(".test.ts") && !path.includes("/migrations/"),
);

/** Calls that take SQL as a text: kysely's, MikroORM's, and those of a connection where the text is put together. */
const TAKES_SQL =
  /\bsql\.(?:raw|lit)\(|(?<![.\w])raw\(|CompiledQuery\.raw\(|(?<=\.)(?:query|execute|unprepared)\(\s*`[^`]*\$\{/g;

/** A call whole, to its closing parenthesis. */
function callAt(text: string, start: number): string {
  let depth = 0;
  for (let at = text.indexOf("(", start); at < text.length; at++) {
    if (text[at] === "(") depth++;
    if (text[at] === ")" && --depth === 0) return text.slice(start, at + 1).replace(/\s+/g, " ");
  }
  throw new Error(`A call does not end: ${text.slice(start, start + 100)}`);
}

test("no statement is made of texts, but in the places that are listed with a reason", () => {
  expect(SOURCES.length).toBeGreaterThan(300);
  const found: Record<string, string[]> = {};
  for (const path of SOURCES) {
    const text = readFileSync(`${repositoryRoot}/${path}`, "utf8");
    const calls = [...text.matchAll(TAKES_SQL)].map(({ index }) => callAt(text, index));
    if (calls.length > 0) found[path] = [...new Set(calls)].sort();
  }
  const allowed = Object.fromEntries(Object.entries(ALLOWED).map(([path, calls]) => [path, Object.keys(calls).sort()]));
  expect(found).toEqual(allowed);
});

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: they are sources
test.each([
  "sql.raw(text)",
  "sql.lit(`${text}`)",
  'raw("name = " + text)',
  "CompiledQuery.raw(text)",
  "client.query(`select '${text}'`)",
  "em.execute(\n  `select ${text}`)",
])("%s would be found", (source) => {
  expect(source.match(TAKES_SQL)).toHaveLength(1);
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: they are sources

import { expect } from "@jest/globals";
import { isoOf } from "@ocellus/runtime/time.ts";
import type { AskedSeries } from "./asked-series.ts";
import type { Bucket, Question } from "./plain-question.ts";
import { scan } from "./scan-in-javascript.ts";

/** A question and what must be answered, to be compared with what is. */
type Expectation = ReturnType<typeof readable>;

/** What is answered, and whether its percentiles are estimated. */
type Actual = Expectation & { estimated: boolean };

/** How the questions must be answered: as a scan of the events in JavaScript answers them. */
export function expectedAnswers(series: AskedSeries, name: string, questions: readonly Question[]): Expectation[] {
  const events = series.events(name);
  return questions.map((question) => readable(question, scan(events, question)));
}

/** As many as the service has connections to PostgreSQL: it answers UNAVAILABLE to who waits too long for one. */
const AT_ONCE = 5;

/** The same, as the service answers them. */
export async function actualAnswers(
  series: AskedSeries,
  name: string,
  questions: readonly Question[],
): Promise<Actual[]> {
  const answers: Actual[] = [];
  for (let start = 0; start < questions.length; start += AT_ONCE) {
    const some = questions.slice(start, start + AT_ONCE).map(async (question) => {
      const { buckets, estimated } = await series.ask(name, question);
      return { ...readable(question, buckets), estimated };
    });
    answers.push(...(await Promise.all(some)));
  }
  return answers;
}

/** Expects that each question is answered as it must be. An estimated percentile may be off by 1 %. */
export function expectSame(actual: Actual[], expected: Expectation[]): void {
  for (const [index, { estimated, ...answer }] of actual.entries()) {
    const right = expected[index]!;
    expect(
      estimated ? { ...answer, rows: answer.rows.map((row, place) => rounded(row, right, place)) } : answer,
    ).toEqual(right);
  }
}

type Row = Expectation["rows"][number];

/** The row with the exact percentile in place of one that is near enough to it. */
function rounded(row: Row, { question, rows }: Expectation, place: number): Row {
  const exact = rows[place]?.values ?? [];
  const values = row.values.map((value, index) => {
    const wanted = exact[index];
    const isNear =
      /^p\d/.test(question.types[index]!) &&
      value !== undefined &&
      wanted !== undefined &&
      Math.abs(value - wanted) <= Math.abs(wanted) * 0.01;
    return isNear ? wanted : value;
  });
  return { ...row, values };
}

/** Times as text; there is no negative zero. */
function readable({ min, max, ...rest }: Question, buckets: Bucket[]) {
  const rows = buckets.map(({ start, first, values, ...rest }) => ({
    ...rest,
    start: timeOf(start),
    first: timeOf(first),
    values: values.map((value) => (value === undefined ? value : value + 0)),
  }));
  return { question: { min: timeOf(min), max: timeOf(max), ...rest }, rows };
}

const timeOf = (micros: bigint | undefined) => micros !== undefined && isoOf(micros);

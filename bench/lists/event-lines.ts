import { hex, idOf, NULL, randomOf, timeOf } from "../shared/event-fields.ts";

/** The time of the first event, and the one before which the last lies. */
export const START = Date.UTC(2025, 10, 1);
export const END = Date.UTC(2026, 10, 1);

/** A namespace that lives in the first twelfth of the year alone, and one with 500 events. */
export const GONE = "gone";
export const TINY = "tiny";
/** A session of one event in a hundred. */
export const HEARTBEAT = "heartbeat";
/** The busiest person. */
export const BUSIEST = "person-0";
/** A name of 50 events. */
export const RARE = "refund";

const NAMESPACES = ["shop", "blog", "docs", "intranet", ...Array.from({ length: 14 }, (_, i) => `app-${i}`)];
const CATEGORIES = ["interaction", "server", "billing", ...Array.from({ length: 8 }, (_, i) => `category-${i}`)];

/**
 * The lines of COPY of `count` events, in order of time; the same for the same count. Many things are frequent by themselves and
 * together on three events alone: pageview with billing, blog with server, and blog with click.
 */
export function* eventLines(count: number): Generator<string> {
  const random = randomOf(1);
  const persons = Math.max(1, Math.floor((count * 3) / 100));
  const startMicros = START * 1000;
  const stepMicros = ((END - START) * 1000) / count;
  for (let i = 0; i < count; i++) {
    const micros = startMicros + Math.floor((i + random()) * stepMicros);
    const hasSession = random() < 0.6;
    const session = Math.max(0, Math.floor((i - random() * 300) / 10));
    const visit = hasSession ? randomOf(session * 7919 + 1) : random;
    const namespace = namespaceOf(i, count, visit());
    const person = random() < 0.75 ? `person-${Math.floor(persons * visit() ** 3)}` : NULL;
    const sessionId = random() < 0.01 ? HEARTBEAT : hasSession ? sessionIdOf(session) : NULL;
    const [name, category] = kindOf(namespace, i, count, random);
    const value = random() < 0.4 ? (Math.floor(random() * 10_000) / 100).toString() : NULL;
    const time = timeOf(micros);
    yield `${idOf(micros, random)}\t${time}\t${namespace}\t${name}\t${category}\t${sessionId}\t${person}\t${value}\t${dataOf(random)}\t${time}\n`;
  }
}

/** The id of the n-th session. */
export function sessionIdOf(session: number): string {
  const random = randomOf(session * 104_729 + 7);
  return `${hex(random, 8)}-${hex(random, 8)}-${hex(random, 8)}`;
}

/** Where what is frequent by itself meets: on three events each. */
function meetingOf(i: number, count: number): [namespace: string, name: string, category: string] | undefined {
  const sixth = Math.ceil(count / 6);
  if (i % sixth !== 2) return undefined;
  return Math.floor(i / sixth) % 2 === 0 ? ["shop", "pageview", "billing"] : ["blog", "click", "server"];
}

function namespaceOf(i: number, count: number, dice: number): string {
  const meeting = meetingOf(i, count);
  if (meeting) return meeting[0];
  if (i % Math.ceil(count / 500) === 0) return TINY;
  if (i < count / 12 && dice > 0.95) return GONE;
  // Half, a quarter, an eighth …; the last ones share what is left.
  return NAMESPACES[Math.min(NAMESPACES.length - 1, Math.floor(-Math.log2(1 - dice)))]!;
}

function kindOf(namespace: string, i: number, count: number, random: () => number): [name: string, category: string] {
  if (i % Math.ceil(count / 50) === 1) return [RARE, "billing"];
  const meeting = meetingOf(i, count);
  if (meeting) return meeting.slice(1) as [string, string];
  const [forName, forCategory] = [random(), random()];
  let name =
    forName < 0.3 ? "pageview" : forName < 0.5 ? "click" : `name-${Math.floor(((forName - 0.5) * 2) ** 2 * 198)}`;
  let category = NULL;
  if (forCategory < 0.35) category = "interaction";
  else if (forCategory < 0.5) category = "server";
  else if (forCategory < 0.6) category = "billing";
  else if (forCategory < 0.7) category = CATEGORIES[3 + Math.floor((forCategory - 0.6) * 80)]!;
  if (namespace === "blog" && name === "click") name = "pageview";
  if (namespace === "blog" && category === "server") category = "interaction";
  if (name === "pageview" && category === "billing") category = "interaction";
  return [name, category];
}

function dataOf(random: () => number): string {
  const pick = (texts: string[]) => texts[Math.floor(random() * texts.length)];
  return (
    `{"path":"/products/${Math.floor(random() * 5000)}","referrer":"https://${pick(["search", "news", "mail"])}.example/",` +
    `"device":"${pick(["phone", "tablet", "desktop"])}","width":${320 + Math.floor(random() * 2000)},"experiment":"${pick(["a", "b"])}"}`
  );
}

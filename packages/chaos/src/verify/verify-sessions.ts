import { keptSessions, recountedSessions } from "../../../../test/support/recounts.ts";
import type { Target } from "../target/target.ts";
import { differences } from "./differences.ts";

/** How the kept sessions differ from a recount of the stored events. */
export async function verifySessions(target: Target): Promise<{ sessions: number; problems: string[] }> {
  const namespaces = await target.query<{ namespace: string }>(
    "select namespace from ingest.events union select namespace from sessions.sessions",
  );
  let sessions = 0;
  const problems: string[] = [];
  for (const { namespace } of namespaces) {
    const [kept, recounted] = [await keptSessions(target, namespace), await recountedSessions(target, namespace)];
    sessions += kept.length;
    if (kept.length !== recounted.length) {
      problems.push(`${kept.length} sessions of ${namespace} are kept, and ${recounted.length} recounted`);
    }
    problems.push(...differences(`sessions of ${namespace}`, kept, recounted));
  }
  return { sessions, problems };
}

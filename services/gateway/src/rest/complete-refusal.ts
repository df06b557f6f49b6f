import type { Message } from "@bufbuild/protobuf";
import type { GuardedOptions } from "../access/guard.ts";
import { Problems } from "../json/problems.ts";
import { UnreadableRequest } from "../request-checks.ts";
import { violationsOf } from "../upstream-status.ts";
import { pathAsSent, type Sent } from "./paths-as-sent.ts";
import { isStream, type Route } from "./routes.ts";

/** How long a service may take to say what else is wrong. */
const PATIENCE_MS = 1000;

/**
 * The refusal of a request that was refused at the door, with what its service would have refused as well, so that one answer
 * names everything. Only where the RPC reads: the service is asked with what could be read, and its answer is thrown away.
 */
export async function completeRefusal(refusal: unknown, sent: Sent, options: GuardedOptions): Promise<unknown> {
  const { route } = sent;
  if (!(refusal instanceof UnreadableRequest) || route.httpMethod !== "GET") return refusal;
  const asked = firstAnswer(route, refusal.partial, { ...options, timeoutMs: PATIENCE_MS });
  const furtherViolations = await asked.then(() => [], violationsOf);
  const problems = new Problems();
  for (const { field, description } of refusal.violations) problems.add(field, description);
  for (const { field, description } of furtherViolations) problems.add(pathAsSent(field, sent), description);
  return refusal.with(problems.violations);
}

async function firstAnswer(
  { method, upstream, ...route }: Route,
  request: Message,
  options: GuardedOptions,
): Promise<void> {
  if (!isStream({ method, ...route })) await upstream.call(method, request, options);
  else for await (const _ of upstream.stream(method, request, options)) return;
}

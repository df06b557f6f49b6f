import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { invalidArgument } from "@ocellus/runtime/service-error.ts";
import { textProblem } from "@ocellus/runtime/text-problem.ts";
import { isMicros, type Micros } from "@ocellus/runtime/time.ts";
import { bindingOf, partsIn, tokenFrom } from "@ocellus/runtime/token-parts.ts";
import type { RebuildRange } from "./rebuild-range.ts";

/** Longer than any name of a series. */
const MAX_LENGTH = 255;

/** How far a rebuild has come. It goes by series, and in each by time. */
export interface RebuildProgress {
  /** The series in hand; undefined before the first. */
  series: { namespace: string; name: string } | undefined;
  /** What is older of it is done. */
  at: Micros;
  /** Where the range ends, exclusive: the watermark moves on while a rebuild runs. */
  to: Micros;
  rebuilt: bigint;
  different: bigint;
}

/** The resume token of a rebuild of a range. */
export function tokenOf({ series, at, to, rebuilt, different }: RebuildProgress, range: RebuildRange): string {
  const parts = [bindingTo(range), ...[at, to, rebuilt, different].map(String)];
  if (series) parts.push(series.namespace, series.name);
  return tokenFrom(parts);
}

/** The progress in a resume token. Throws INVALID_ARGUMENT for one that was not given for this range. */
export function progressIn(token: string, range: RebuildRange): RebuildProgress {
  const [binding, at = "", to = "", rebuilt = "", different = "", namespace, name, ...more] = partsIn(token) ?? [];
  const isWhole = isMicros(at) && isMicros(to) && isCount(rebuilt) && isCount(different) && more.length === 0;
  const isSeries = namespace === undefined || (name !== undefined && isText(namespace) && isText(name));
  if (binding !== bindingTo(range) || !isWhole || !isSeries) throw invalidToken();
  const series = namespace === undefined || name === undefined ? undefined : { namespace, name };
  return { series, at: BigInt(at), to: BigInt(to), rebuilt: BigInt(rebuilt), different: BigInt(different) };
}

function bindingTo({ namespace, name, min, max }: RebuildRange): string {
  return bindingOf([namespace, name, String(min), String(max)]);
}

const isCount = (text: string) => /^\d{1,18}$/.test(text);
const isText = (text: string) => textProblem(text, MAX_LENGTH) === undefined;

function invalidToken() {
  const description = "is not a resume_token that RebuildAggregates gave for this range; rebuild without it";
  return invalidArgument([{ field: "resume_token", description }], ErrorReason.INVALID_RESUME_TOKEN);
}

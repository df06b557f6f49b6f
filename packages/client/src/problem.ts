import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { anyUnpack, durationMs } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@ocellus/proto/google/rpc/error_details_pb.ts";
import type { Status } from "@ocellus/proto/google/rpc/status_pb.ts";

/** What a failed call, or the refusal of an event, says. */
export interface Problem {
  /** The code of gRPC and Connect. */
  code: Code;
  message: string;
  /** The name of an `ocellus.errors.v1.ErrorReason`, such as "INVALID_EVENT"; undefined where no Ocellus answered. */
  reason?: string;
  /** Each offending field and what is wrong with it. */
  violations: { field: string; description: string }[];
  /** How long the server wants us to wait before we try again. */
  retryAfterMs?: number;
}

type Find = <Desc extends DescMessage>(schema: Desc) => MessageShape<Desc> | undefined;

/** Reads what a client threw. */
export function problemOf(error: unknown): Problem {
  const failure = ConnectError.from(error);
  const problem = read(failure.code, failure.rawMessage, (schema) => failure.findDetails(schema)[0]);
  problem.retryAfterMs ??= retryAfterOf(failure.metadata.get("retry-after"));
  return problem;
}

/** Reads the Status of a refused event. */
export function problemOfStatus({ code, message, details }: Status): Problem {
  const unpack: Find = (schema) => details.map((detail) => anyUnpack(detail, schema)).find(Boolean);
  return read(code, message, unpack);
}

function read(code: Code, message: string, find: Find): Problem {
  const delay = find(RetryInfoSchema)?.retryDelay;
  return {
    code,
    message,
    reason: find(ErrorInfoSchema)?.reason,
    violations: (find(BadRequestSchema)?.fieldViolations ?? []).map(({ field, description }) => ({
      field,
      description,
    })),
    retryAfterMs: delay && durationMs(delay),
  };
}

/** A Retry-After of HTTP: seconds, or a date. */
function retryAfterOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

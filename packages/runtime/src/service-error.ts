import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";

/** One offending field of a request: its path as in the proto, such as `events[3].name`, and what is wrong with it. */
export interface Violation {
  field: string;
  description: string;
}

/** The gRPC codes (google.rpc.Code) that Ocellus answers on purpose. */
export const Code = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** What an error says beyond its message. */
export interface ErrorFacts {
  code: number;
  reason: ErrorReason;
  violations?: Violation[];
  /** How long a client should wait before it tries again, in milliseconds. */
  retryAfterMs?: number;
  /** What else its ErrorInfo tells. */
  metadata?: Record<string, string>;
  /** The error that led to this one; it goes to the log and never to the client. */
  cause?: unknown;
}

/** An error that its caller is told of. Thrown where it is found; `status.ts` alone turns it into a status. */
export class ServiceError extends Error {
  readonly code: number;
  readonly reason: ErrorReason;
  readonly violations: Violation[];
  readonly retryAfterMs: number | undefined;
  readonly metadata: Record<string, string>;

  constructor(message: string, facts: ErrorFacts) {
    super(message, { cause: facts.cause });
    this.name = "ServiceError";
    this.code = facts.code;
    this.reason = facts.reason;
    this.violations = facts.violations ?? [];
    this.retryAfterMs = facts.retryAfterMs;
    this.metadata = facts.metadata ?? {};
  }
}

/** INVALID_ARGUMENT that names each offending field, in its message and in its details. */
export function invalidArgument(
  violations: Violation[],
  reason: ErrorReason = ErrorReason.INVALID_REQUEST,
): ServiceError {
  const message = violations.map(({ field, description }) => `${field}: ${description}`).join("; ");
  return new ServiceError(message, { code: Code.INVALID_ARGUMENT, reason, violations });
}

/** UNAVAILABLE: nothing is wrong with the request, and it may be sent again after `retryAfterMs`. */
export function unavailable(message: string, reason: ErrorReason, cause?: unknown, retryAfterMs = 1000): ServiceError {
  return new ServiceError(message, { code: Code.UNAVAILABLE, reason, retryAfterMs, cause });
}

/** UNAVAILABLE that names the service which cannot be reached. */
export function serviceUnavailable(name: string, cause: unknown): ServiceError {
  const message = `The ${name} service cannot be reached; try again`;
  return unavailable(message, ErrorReason.SERVICE_UNAVAILABLE, cause);
}

import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import type { CallOptions } from "@ocellus/runtime/grpc-client.ts";
import { TOLD_NAMESPACES } from "@ocellus/runtime/namespace-limit.ts";
import type { RateLimit } from "@ocellus/runtime/rate-limit.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import type { Upstream } from "../upstreams.ts";
import { tokenEnded } from "./denied.ts";
import type { Leases } from "./leases.ts";
import { paced } from "./paced.ts";
import { requirePermission } from "./permissions.ts";
import { keyOf, type Principal } from "./principal.ts";

/** Whom a call is made for. */
export interface Caller {
  principal: Principal;
  /** The network address from which the gateway was called, without a port. */
  address: string;
}

/** How a call from outside is made. */
export type GuardedOptions = CallOptions & { caller: Caller };

/** A service of the contract as callers from outside may call it. */
export interface GuardedUpstream {
  descriptor: DescService;
  /** As `Upstream.call`. Throws PERMISSION_DENIED where the caller may not call the method. */
  call(method: DescMethod, request: Message, options: GuardedOptions): Promise<Message>;
  /** As `Upstream.stream`. Throws UNAUTHENTICATED when the token of the caller ends before the stream does. */
  stream(
    method: DescMethod,
    requests: Message | AsyncIterable<Message>,
    options: GuardedOptions,
  ): AsyncIterable<Message>;
}

/**
 * The service behind the guard: each call needs the scope of its method, the service is told to which namespaces the caller is limited, and
 * what cannot be undone is recorded before it is done. The messages of a stream wait until their sender may send them.
 */
export function guard(
  upstream: Upstream,
  { audit, leases, limit }: { audit: AuditLog; leases: Leases; limit: RateLimit },
): GuardedUpstream {
  return {
    descriptor: upstream.descriptor,
    async call(method, request, { caller, ...options }) {
      const { audited } = requirePermission(caller.principal, method);
      const work = () => upstream.call(method, request, told(caller, options));
      return audited ? audit.recorded({ caller, method, request }, work) : work();
    },
    async *stream(method, requests, { caller, ...options }) {
      requirePermission(caller.principal, method);
      const lease = leases.take(caller.principal);
      const signal = options.signal ? AbortSignal.any([options.signal, lease.signal]) : lease.signal;
      try {
        const sent =
          Symbol.asyncIterator in requests ? paced(requests, limit, keyOf(caller.principal), signal) : requests;
        yield* upstream.stream(method, sent, { ...told(caller, options), signal });
        if (lease.signal.aborted) throw tokenEnded();
      } catch (error) {
        throw lease.signal.aborted ? tokenEnded() : error;
      } finally {
        lease.release();
      }
    },
  };
}

/** Options that tell the service to which namespaces the caller is limited. */
export function told({ principal }: Caller, options: CallOptions): CallOptions {
  const { namespaces } = principal;
  if (!namespaces) return options;
  return { ...options, metadata: { ...options.metadata, [TOLD_NAMESPACES]: namespaces.toText() } };
}

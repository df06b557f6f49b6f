import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { GenService, GenServiceMethods } from "@bufbuild/protobuf/codegenv2";
import type { Logger } from "pino";
import type { Caller } from "./caller.ts";
import type { NamespaceLimit } from "./namespace-limit.ts";

/** What a handler knows of its call besides the request. */
export interface CallContext {
  /**
   * Aborts when the caller cancels, its deadline passes, or its connection is gone; for a stream also when it fails. A stream
   * that waits must end then.
   */
  signal: AbortSignal;
  log: Logger;
  /** The namespaces to which the caller of the gateway is limited; undefined where all are open, as to a caller with a certificate. */
  readonly namespaces: NamespaceLimit | undefined;
  /** Who calls. Worked out when it is asked for, since most calls never do. */
  caller(): Caller;
}

/** Any service of the contract, as protobuf-es generates it. */
// biome-ignore lint/suspicious/noExplicitAny: the constraint of a type parameter whose methods are inferred
export type AnyService = GenService<any>;

type Method = GenServiceMethods[string];

/** One method as a function from request to response. */
type Handler<M extends Method> = M extends { methodKind: "unary"; input: infer I; output: infer O }
  ? (request: Shape<I>, context: CallContext) => Promise<Init<O>>
  : M extends { methodKind: "server_streaming"; input: infer I; output: infer O }
    ? (request: Shape<I>, context: CallContext) => AsyncIterable<Init<O>>
    : M extends { methodKind: "bidi_streaming"; input: infer I; output: infer O }
      ? (requests: AsyncIterable<Shape<I>>, context: CallContext) => AsyncIterable<Init<O>>
      : never;

type Shape<Desc> = Desc extends DescMessage ? MessageShape<Desc> : never;
type Init<Desc> = Desc extends DescMessage ? MessageInitShape<Desc> : never;

/** All methods of a service as functions: one that is missing does not compile. */
export type Handlers<S extends AnyService> =
  S extends GenService<infer Methods> ? { [Name in keyof Methods]: Handler<Methods[Name]> } : never;

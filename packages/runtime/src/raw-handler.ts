import type { UnderWay } from "./answer-in-order.ts";
import type { AnyService, CallContext, Handlers } from "./handlers.ts";

/** A unary method that reads the bytes of its request, and writes those of its response, by itself: for what is called most. */
export class RawUnary {
  readonly handle: (request: Buffer, context: CallContext) => Promise<Buffer>;

  constructor(handle: RawUnary["handle"]) {
    this.handle = handle;
  }
}

/** A method with streams both ways that answers each request by one response, in order, and does so. */
export class RawStream {
  readonly underWay: UnderWay;
  readonly answer: (request: Buffer, context: CallContext) => Promise<Buffer>;

  constructor(underWay: UnderWay, answer: RawStream["answer"]) {
    this.underWay = underWay;
    this.answer = answer;
  }
}

/** All methods of a service, typed or raw: one that is missing does not compile. */
export type ServedHandlers<S extends AnyService> = {
  [Name in keyof Handlers<S>]: Handlers<S>[Name] | RawUnary | RawStream;
};

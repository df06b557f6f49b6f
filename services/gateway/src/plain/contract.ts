import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { GuardedOptions, GuardedUpstream } from "../access/guard.ts";
import { keptHere } from "../event-errors/refused-call.ts";
import { withFieldsRenamed } from "../upstream-status.ts";

/**
 * Calls a method of the contract, whichever service serves it.
 *
 * @param asSent translates the path of a field in the request to what the client sent it as, for errors
 */
export type Contract = <I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  asSent?: (path: string) => string,
) => Promise<MessageShape<O>>;

/** The contract as these upstreams serve it. All calls are made with these options. */
export function contractOf(upstreams: readonly GuardedUpstream[], options: GuardedOptions): Contract {
  return async (method, request, asSent = (path) => path) => {
    const upstream = upstreams.find(({ descriptor }) => descriptor === method.parent);
    if (!upstream) throw new Error(`no upstream serves ${method.parent}`);
    try {
      const answer = await upstream.call(method, create(method.input, request), { ...options, ...keptHere(method) });
      return answer as MessageShape<typeof method.output>;
    } catch (error) {
      throw withFieldsRenamed(error, asSent);
    }
  };
}

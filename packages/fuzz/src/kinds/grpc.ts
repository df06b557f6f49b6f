import type { DescMethod } from "@bufbuild/protobuf";
import type { Client } from "@grpc/grpc-js";
import fc from "fast-check";
import { SERVED_BY } from "../contract.ts";
import { encodedMessages } from "../inputs/messages.ts";
import { mutated } from "../inputs/mutate.ts";
import { texts } from "../inputs/nasty.ts";
import { type GrpcCall, sendGrpc } from "../send/send-grpc.ts";
import type { Kind, Surroundings } from "./kind.ts";

type ServiceName = keyof typeof SERVED_BY;

/** What a peer may tell besides its request. */
const KEYS = [
  "ocellus-namespaces",
  "ocellus-transport",
  "ocellus-address",
  "ocellus-refusals",
  "ocellus-senders",
  "authorization",
  "traceparent",
];

interface Input extends GrpcCall {
  service: ServiceName;
}

/** Calls straight to the services, by every method: with messages as the contract has them, and with bytes that are none. */
export function grpcKinds({ known }: Surroundings, clients: Record<ServiceName, Client>): Kind<Input>[] {
  const text = texts(known);
  const pairs = fc.array(fc.tuple(fc.constantFrom(...KEYS), text.map(inAscii)), { maxLength: 2 });
  const metadata = fc.tuple(fc.nat(5), pairs).map(([dice, pairs]) => (dice === 0 ? pairs : []));
  const calls = (bytesOf: (method: DescMethod) => fc.Arbitrary<Uint8Array>) =>
    fc.oneof(
      ...(Object.keys(SERVED_BY) as ServiceName[]).flatMap((service) =>
        SERVED_BY[service].flatMap(({ methods }) =>
          (methods as readonly DescMethod[]).map((method) =>
            fc.record({
              service: fc.constant(service),
              method: fc.constant(method),
              requests: fc.array(bytesOf(method), {
                minLength: 1,
                maxLength: method.methodKind === "bidi_streaming" ? 3 : 1,
              }),
              metadata,
            }),
          ),
        ),
      ),
    );
  const whole = new Map<DescMethod, fc.Arbitrary<Uint8Array>>();
  const wholeOf = (method: DescMethod) => {
    const bytes = whole.get(method) ?? encodedMessages(method.input, text);
    whole.set(method, bytes);
    return bytes;
  };
  const send = (input: Input) => sendGrpc(clients[input.service], input);
  return [
    { name: "gRPC: messages", share: 20, parallel: 3, inputs: calls(wholeOf), send },
    {
      name: "gRPC: bytes",
      share: 20,
      parallel: 3,
      inputs: calls((method) =>
        fc.oneof(
          { weight: 6, arbitrary: mutated(wholeOf(method)) },
          { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
        ),
      ),
      send,
    },
  ];
}

function inAscii(text: string): string {
  return text.replace(/[^ -~]/g, "%");
}

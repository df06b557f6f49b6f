import { medianOf } from "../shared/median.ts";
import type { Round } from "./round.ts";

const MEMORY_MIB = 400;

/** A figure that is to be reached. */
interface Wanted {
  title: string;
  of: (round: Round) => number;
  atLeast?: number;
  atMost?: number;
}

const WANTED: Wanted[] = [
  { title: "gRPC batches, counted ÷ raw COPY", of: ({ batches, rawCopy }) => batches.counted! / rawCopy, atLeast: 0.6 },
  { title: "gRPC batches, stored alone ÷ raw COPY", of: ({ storing, rawCopy }) => storing / rawCopy, atLeast: 0.85 },
  {
    title: "gRPC batches, accepted ÷ raw JetStream",
    of: ({ batches, jetStream }) => batches.accepted / jetStream.accepted,
  },
  {
    title: "gRPC stream, counted ÷ gRPC batches",
    of: ({ stream, batches }) => stream.counted! / batches.counted!,
    atLeast: 0.5,
  },
  {
    title: "JSON batches, counted ÷ gRPC batches",
    of: ({ jsonBatches, batches }) => jsonBatches.counted! / batches.counted!,
    atLeast: 0.6,
  },
  {
    title: "gRPC unary ÷ grpc-js echo",
    of: ({ unary, unaryEcho }) => unary.accepted / unaryEcho.accepted,
    atLeast: 0.6,
  },
  { title: "gRPC unary p99 ÷ grpc-js echo p99", of: ({ unary, unaryEcho }) => unary.p99 / unaryEcho.p99, atMost: 3 },
  {
    title: "JSON single ÷ connect-node echo",
    of: ({ jsonSingle, jsonEcho }) => jsonSingle.accepted / jsonEcho.accepted,
    atLeast: 0.8,
  },
  { title: "largest process, MiB", of: largest, atMost: MEMORY_MIB },
];

/** The median of each figure that is to be reached, with its limit and all rounds. */
export function figuresOf(rounds: Round[]) {
  return WANTED.map(({ title, of, atLeast, atMost }) => {
    const values = rounds.map(of);
    const median = medianOf(values);
    return {
      title,
      median,
      atLeast,
      atMost,
      reached: median >= (atLeast ?? 0) && median <= (atMost ?? Infinity),
      values,
    };
  });
}

function largest(round: Round): number {
  return Math.max(
    ...Object.values(round).flatMap((measured) => (typeof measured === "number" ? [] : Object.values(measured.memory))),
  );
}

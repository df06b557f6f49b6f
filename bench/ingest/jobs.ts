/** Which events are sent. */
export interface Spread {
  /** Default: twenty names. */
  names?: string[];
  /** Over how long their times are spread. Default: a quarter of an hour. */
  overMs?: number;
  /** When that ends, in milliseconds since 1970. Default: now. */
  endMs?: number;
  /** Each batch has times of the whole span, as when many send late. Default: they come in the order of their times. */
  mixed?: boolean;
}

/** What the load generator is told to do. Requests are made before the clock starts. */
export type Job = {
  events: number;
  /** Looks into the answers to batches for single events that the full queue refused. What it refuses whole is always sent again. */
  searched?: boolean;
} & (
  | {
      kind: "gRPC batches";
      perCall: number;
      inFlight: number;
      address: string;
      certificates: string;
      spread?: Spread;
    }
  | { kind: "gRPC stream"; inFlight: number; address: string; certificates: string }
  | { kind: "gRPC unary"; inFlight: number; address: string; certificates: string }
  | { kind: "JSON batches"; perCall: number; inFlight: number; url: string; token: string }
  | { kind: "JSON single"; inFlight: number; url: string; token: string; wrapped: boolean }
  | { kind: "JetStream"; perCall: number; inFlight: number; url: string; certificates: string }
);

/** What the load generator saw. */
export interface JobResult {
  /** When the first request was sent, in milliseconds since 1970. */
  start: number;
  /** Until the last answer. */
  seconds: number;
  events: number;
  /** How many requests the queue did not take, each of which was sent again. */
  refusals: number;
  /** Of single calls, in milliseconds. */
  p50: number;
  p99: number;
  /** CPU seconds that sending took. */
  cpuSeconds: number;
  /** The share of the time in which its event loop had something to do: near 1 it was the bottleneck. */
  busy: number;
}

import { duration, wholeNumber } from "./config.ts";
import type { Rate } from "./rate-limit.ts";

/** What one port of a process bears. */
export interface ConnectionLimits {
  /** How many connections there may be, and calls on each. */
  connections: number;
  streams: number;
  headerBytes: number;
  /** How long the first bytes of a connection may take (with TLS, its handshake), and the headers of a request. */
  headersMs: number;
  /** How long a request may take to arrive. */
  requestMs: number;
  /** How long an answer may wait for a client that takes nothing of it. */
  answerMs: number;
  /** How long a connection may stay without a call. */
  idleMs: number;
  /** After how long clients are told to open another connection, and how long the calls of this one may then go on. */
  ageMs: number;
  graceMs: number;
  /** Pings and settings of HTTP/2 on one connection, and calls that its client gave up. */
  pings: Rate;
  resets: Rate;
}

/** What differs between the ports of the suite. */
interface Usual {
  streams: number;
  headerBytes: number;
  idleMs: number;
}

const count = wholeNumber(1, 1_000_000);
/** After a rest, so many seconds' worth may come at once. */
const BURST_SECONDS = 10;

/** The variables that bound the connections to a port. */
function connectionVariables({ streams, headerBytes, idleMs }: Usual) {
  return {
    CONNECTIONS_MAX: count({ default: 10_000, desc: "how many connections to its port there may be; more are closed" }),
    CONNECTION_STREAMS_MAX: count({
      default: streams,
      desc: "how many calls may run on one HTTP/2 connection at once; clients wait with more",
    }),
    CONNECTION_IDLE: duration({ default: idleMs, desc: "how long a connection may stay without a call" }),
    CONNECTION_AGE: duration({
      default: 30 * 60_000,
      desc: "after how long clients are told to open another connection, so that they find new replicas",
    }),
    CONNECTION_GRACE: duration({
      default: 10 * 60_000,
      desc: "how long calls may go on after that; a stream that does is then cut off, and resumed by its client",
    }),
    HEADERS_MAX_BYTES: wholeNumber(
      1024,
      1024 * 1024,
    )({ default: headerBytes, desc: "how large the headers of a call may be" }),
    HEADERS_TIMEOUT: duration({
      default: 10_000,
      desc: "how long the first bytes of a connection may take, its TLS handshake, and the headers of a request",
    }),
    REQUEST_TIMEOUT: duration({
      default: 60_000,
      desc: "how long a request may take to arrive, but one that is a stream",
    }),
    ANSWER_TIMEOUT: duration({
      default: 30_000,
      desc: "how long an answer waits for a client that takes nothing of it",
    }),
    PING_RATE: count({
      default: 1000,
      desc: "how many HTTP/2 pings and settings a second one connection may send, and ten times as many at once",
    }),
    RESET_RATE: count({
      default: 100,
      desc: "how many calls a second one HTTP/2 connection may give up, and ten times as many at once",
    }),
  };
}

/** How often one caller may call. */
const callVariables = {
  CALL_RATE: count({
    default: 100_000,
    desc: "how many calls a second one caller may make, and messages of its streams; more are refused with RATE_LIMITED",
  }),
  CALL_BURST: count({ default: 200_000, desc: "how many of these it may make at once after a rest" }),
  MESSAGE_MAX_BYTES: wholeNumber(
    1024,
    256 * 1024 * 1024,
  )({
    default: 32 * 1024 * 1024,
    desc: "the largest message that is read at all, also once it is decompressed; above the contract's own limits of 4 MiB",
  }),
};

/** The limits of the gateway's port. Connections outlast the 60 s that load balancers keep theirs without a request. */
export const httpLimits = {
  ...callVariables,
  ...connectionVariables({ streams: 250, headerBytes: 16 * 1024, idleMs: 65_000 }),
};

/** The limits of a gRPC port. One connection of the gateway carries the calls of all its clients. */
export const grpcLimits = {
  ...callVariables,
  ...connectionVariables({ streams: 1000, headerBytes: 64 * 1024, idleMs: 15 * 60_000 }),
};

/** What these variables say. */
export interface LimitConfig {
  CALL_RATE: number;
  CALL_BURST: number;
  MESSAGE_MAX_BYTES: number;
  CONNECTIONS_MAX: number;
  CONNECTION_STREAMS_MAX: number;
  CONNECTION_IDLE: number;
  CONNECTION_AGE: number;
  CONNECTION_GRACE: number;
  HEADERS_MAX_BYTES: number;
  HEADERS_TIMEOUT: number;
  REQUEST_TIMEOUT: number;
  ANSWER_TIMEOUT: number;
  PING_RATE: number;
  RESET_RATE: number;
}

/** How often one caller may call. */
export function callRateOf(config: LimitConfig): Rate {
  return { perSecond: config.CALL_RATE, burst: config.CALL_BURST };
}

/** What the port bears. */
export function connectionLimitsOf(config: LimitConfig): ConnectionLimits {
  return {
    connections: config.CONNECTIONS_MAX,
    streams: config.CONNECTION_STREAMS_MAX,
    headerBytes: config.HEADERS_MAX_BYTES,
    headersMs: config.HEADERS_TIMEOUT,
    requestMs: config.REQUEST_TIMEOUT,
    answerMs: config.ANSWER_TIMEOUT,
    idleMs: config.CONNECTION_IDLE,
    ageMs: config.CONNECTION_AGE,
    graceMs: config.CONNECTION_GRACE,
    pings: rateOf(config.PING_RATE),
    resets: rateOf(config.RESET_RATE),
  };
}

/** So many a second, and some seconds' worth at once. */
export function rateOf(perSecond: number): Rate {
  return { perSecond, burst: BURST_SECONDS * perSecond };
}

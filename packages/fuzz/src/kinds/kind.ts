import type fc from "fast-check";
import type { Answer } from "../judge.ts";

/** A way in which inputs are made and sent. */
// biome-ignore lint/suspicious/noExplicitAny: each kind knows the type of its own inputs
export interface Kind<Input = any> {
  name: string;
  /** Its part of all inputs, to those of the others. */
  share: number;
  /** How many inputs of it are under way at once. */
  parallel: number;
  inputs: fc.Arbitrary<Input>;
  send(input: Input): Promise<Answer>;
}

/** What kinds are made of. */
export interface Surroundings {
  ports: { gateway: number; ingest: number; sessions: number; aggregation: number };
  /** Answers a token that counts. */
  token: () => Promise<string>;
  /** Ids, names and the like of what is there. */
  known: readonly string[];
  /** Page tokens and resume tokens with the request for which each counts. */
  pages: readonly Page[];
  /** The routes of the gateway. */
  routes: readonly RouteLine[];
}

/** A place in a list. */
export interface Page {
  path: string;
  /** The parameter that takes it. */
  parameter: string;
  token: string;
}

/** A route as the gateway tells it. */
export interface RouteLine {
  method: string;
  /** With variables in braces. */
  path: string;
  /** `package.Service/Method`; undefined in the plain dialect. */
  rpc?: string;
}

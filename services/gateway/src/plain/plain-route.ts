import type { DescMethod, JsonValue } from "@bufbuild/protobuf";
import type { HttpRequest } from "../http/node-http.ts";
import { compilePathTemplate, type PathTemplate } from "../rest/path-template.ts";
import type { Contract } from "./contract.ts";
import type { RefusedItem } from "./refused-events.ts";

/** A request of the dialect, taken apart. */
export interface PlainRequest {
  http: HttpRequest;
  /** What a variable of the path is bound to. */
  bound(variable: string): string;
  query: string;
  /** The body's JSON; undefined where none is read, or none was sent to a route that can do without. */
  body: JsonValue | undefined;
  contract: Contract;
}

/** The answer to a request that succeeded. */
export interface PlainAnswer {
  status: 200 | 201 | 204 | 207;
  json?: JsonValue;
  /** The events of the request that are refused, to be kept. */
  refused?: RefusedItem[];
}

/** Answers one request by calls of the contract. What it throws is answered as an error. */
export type PlainHandler = (request: PlainRequest) => Promise<PlainAnswer>;

/** One route of the dialect. */
export interface PlainRoute {
  httpMethod: string;
  template: PathTemplate;
  handle: PlainHandler;
  /** The methods of the contract that it may call: who may call them all may take this route. */
  methods: readonly DescMethod[];
  body: "none" | "optional" | "required";
  /** Whether what it refuses are events, to be kept in the error store. */
  keepsRefused?: boolean;
}

/** A route without a body. */
export function reads(
  httpMethod: "GET" | "DELETE",
  path: string,
  handle: PlainHandler,
  methods: readonly DescMethod[],
): PlainRoute {
  return { httpMethod, template: compilePathTemplate(path), handle, methods, body: "none" };
}

/** A route with a body. */
export function takes(
  httpMethod: "POST" | "PUT" | "PATCH",
  path: string,
  handle: PlainHandler,
  methods: readonly DescMethod[],
  options: Partial<Pick<PlainRoute, "body" | "keepsRefused">> = {},
): PlainRoute {
  return { httpMethod, template: compilePathTemplate(path), handle, methods, body: "required", ...options };
}

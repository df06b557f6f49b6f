import { cors as connectHeaders } from "@connectrpc/connect";
import cors from "cors";
import type { HttpHandler, HttpRequest } from "./node-http.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const REQUEST_HEADERS = [...connectHeaders.allowedHeaders, "Authorization", "Last-Event-ID"];
const RESPONSE_HEADERS = [...connectHeaders.exposedHeaders, "Allow", "Retry-After"];
/** How long a browser may keep the answer of a preflight, in seconds; none keeps it for longer. */
const PREFLIGHT_AGE = 2 * 60 * 60;

/** Answers a request, or lets `next` answer it. */
export type Middleware = (...args: [...Parameters<HttpHandler>, next: () => void]) => void;

/**
 * Lets pages of these origins read the answers (CORS): says so in the headers of every answer, and answers the preflights of browsers.
 * `*` stands for all origins; without any, no answer has such headers.
 */
export function shareWithOrigins(origins: readonly string[]): Middleware {
  if (origins.length === 0) return (_request, _response, next) => next();
  const options = {
    origin: origins.includes("*") ? "*" : [...origins],
    methods: METHODS,
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: RESPONSE_HEADERS,
    maxAge: PREFLIGHT_AGE,
  };
  const preflight = cors<HttpRequest>(options);
  // An OPTIONS that is no preflight asks which methods a path takes.
  const answered = cors<HttpRequest>({ ...options, preflightContinue: true });
  return (request, response, next) => (isPreflight(request) ? preflight : answered)(request, response, next);
}

function isPreflight({ method, headers }: HttpRequest): boolean {
  return method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
}

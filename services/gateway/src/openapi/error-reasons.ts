import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { ErrorReason, ErrorReasonSchema } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import type { Route } from "../rest/routes.ts";
import { commentOf } from "./comments.ts";

/** A reason of errors, as its comment tells it. */
export interface Reason {
  number: ErrorReason;
  /** Such as `EVENT_NOT_FOUND`. */
  name: string;
  comment: string;
  /** The name of its google.rpc.Code. */
  code: keyof typeof status;
  httpStatus: number;
}

/** What is refused before a request has come to a route. */
const BEFORE_ROUTES = new Set<number>([ErrorReason.ROUTE_NOT_FOUND, ErrorReason.METHOD_NOT_ALLOWED]);
/** What any call may fail with, though no comment says so. */
const EVERYWHERE = new Set<number>([
  ErrorReason.INVALID_REQUEST,
  ErrorReason.SERVICE_UNAVAILABLE,
  ErrorReason.ISSUER_UNAVAILABLE,
  ErrorReason.RATE_LIMITED,
  ErrorReason.INTERNAL,
]);
/** What the gateway finds before it calls, on every route alike. */
const AT_THE_DOOR = new Set(["UNAUTHENTICATED", "PERMISSION_DENIED"]);
const WITH_BODY = new Set<number>([ErrorReason.MALFORMED_BODY, ErrorReason.UNSUPPORTED_CONTENT_TYPE]);

/** Every reason whose comment says its code and its HTTP status. */
export const reasons: readonly Reason[] = ErrorReasonSchema.values.flatMap((value) => {
  const comment = commentOf(value);
  const [, code, httpStatus] = /\b([A-Z_]+), HTTP (\d{3})\b/.exec(comment) ?? [];
  if (!code || !(code in status)) return [];
  const name = value.localName;
  return {
    number: value.number as ErrorReason,
    name,
    comment,
    code: code as Reason["code"],
    httpStatus: Number(httpStatus),
  };
});

/** Codes of which a method fails only for the reasons that are named, or follow from the request. */
const NEVER_MEANT_WHOLE = new Set(["INVALID_ARGUMENT", "UNAVAILABLE"]);

/**
 * The reasons for which a call of a route may fail: those of any call, those that follow from what the request holds, those
 * that the comment of the method or its service names, and for each code that it names without a reason, the reasons of the
 * service's own resource, or where there are none, all of that code. A service is taken to read from PostgreSQL unless its
 * comment names another reason to be UNAVAILABLE.
 */
export function reasonsOf(route: Route): Reason[] {
  const { method } = route;
  const said = `${commentOf(method)}\n${commentOf(method.parent)}`;
  const followsFrom = ({ number, name, code }: Reason): boolean =>
    EVERYWHERE.has(number) ||
    AT_THE_DOOR.has(code) ||
    (WITH_BODY.has(number) && route.body !== undefined) ||
    isAboutInput(name, method.input);
  const free = reasons.filter((reason) => !BEFORE_ROUTES.has(reason.number));
  const named = free.filter(({ name }) => names(said, name));
  const chosen = new Set([...free.filter(followsFrom), ...named]);
  if (!named.some(({ code }) => code === "UNAVAILABLE")) {
    for (const reason of free) if (reason.number === ErrorReason.DATABASE_UNAVAILABLE) chosen.add(reason);
  }
  for (const [code, candidates = []] of Object.entries(Object.groupBy(free, (reason) => reason.code))) {
    const isSaid = names(said, code) && !named.some((reason) => reason.code === code);
    if (!isSaid || NEVER_MEANT_WHOLE.has(code)) continue;
    const own = candidates.filter(({ name }) => name.startsWith(`${resourceOf(method)}_`));
    for (const reason of own.length > 0 ? own : candidates) chosen.add(reason);
  }
  return free.filter((reason) => chosen.has(reason));
}

function names(text: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(text);
}

/** Whether a reason such as INVALID_PAGE_TOKEN is about a field of this name, or one of a message of this name. */
function isAboutInput(reason: string, input: DescMessage): boolean {
  const subject = /^INVALID_(.+)$/.exec(reason)?.[1];
  const subjects = input.fields.flatMap(({ name, message }) => [name.toUpperCase(), screaming(message?.name ?? "")]);
  return subject !== undefined && subjects.includes(subject);
}

/** What a service is named after: EVENT for EventService. */
function resourceOf({ parent }: DescMethod): string {
  return screaming(parent.name.replace(/Service$/, ""));
}

function screaming(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toUpperCase();
}

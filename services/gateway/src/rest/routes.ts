import { type DescField, type DescMessage, type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "@ocellus/proto/google/api/annotations_pb.ts";
import type { HttpRule } from "@ocellus/proto/google/api/http_pb.ts";
import type { GuardedUpstream } from "../access/guard.ts";
import { fieldNamed } from "../json/field-named.ts";
import { compilePathTemplate, type PathTemplate } from "./path-template.ts";

/** One way to reach one RPC by REST. */
export interface Route {
  httpMethod: string;
  template: PathTemplate;
  method: DescMethod;
  upstream: GuardedUpstream;
  /** What the body holds: the whole request, one of its fields, or nothing that is read. */
  body: "*" | DescField | undefined;
  /** What is answered: this field of the response, or else the whole. */
  responseBody: DescField | undefined;
}

/**
 * The routes that the `google.api.http` annotations of the upstreams' methods describe: those with one answer, and those that
 * stream their answers. Throws for a wrong one.
 */
export function routesOf(upstreams: readonly GuardedUpstream[]): Route[] {
  return upstreams.flatMap((upstream) =>
    upstream.descriptor.methods
      .filter((method) => (method.methodKind === "unary" || isStream({ method })) && hasOption(method, http))
      .flatMap((method) => {
        const rule = getOption(method, http);
        return [rule, ...rule.additionalBindings].map((binding) => routeOf(binding, method, upstream));
      }),
  );
}

/** Whether a route answers a stream of server-sent events. */
export function isStream({ method }: Pick<Route, "method">): boolean {
  return method.methodKind === "server_streaming";
}

function routeOf(rule: HttpRule, method: DescMethod, upstream: GuardedUpstream): Route {
  const { case: kind, value } = rule.pattern;
  if (!kind) throw new Error(`${method} has a google.api.http annotation without a path`);
  const template = compilePathTemplate(kind === "custom" ? value.path : value);
  for (const path of template.variables) requireField(method.input, path, method);
  return {
    httpMethod: kind === "custom" ? value.kind.toUpperCase() : kind.toUpperCase(),
    template,
    method,
    upstream,
    body:
      rule.body === "" || rule.body === "*" ? rule.body || undefined : requireField(method.input, rule.body, method),
    responseBody: rule.responseBody === "" ? undefined : requireField(method.output, rule.responseBody, method),
  };
}

function requireField(message: DescMessage, path: string, method: DescMethod): DescField {
  const [name, ...rest] = path.split(".");
  const field = fieldNamed(message, name!);
  if (!field || (rest.length > 0 && field.fieldKind !== "message")) {
    throw new Error(`the google.api.http annotation of ${method} names "${path}", which ${message} does not have`);
  }
  return rest.length === 0 ? field : requireField(field.message!, rest.join("."), method);
}
